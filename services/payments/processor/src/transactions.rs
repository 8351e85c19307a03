use ids::PracticeId;
use jiff::Timestamp;
use money::Money;
use stripe_core::balance_transaction::ListBalanceTransaction;
use stripe_shared::BalanceTransactionSource;
use stripe_types::RangeQueryTs;

use crate::intents::instant;
use crate::{Processor, ProcessorError, currency};

const PAGE: i64 = 100;
const PAGES_MAX: usize = 500;

/// A movement of the balance at the processor: what its books are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceTransaction {
    /// `txn_…`.
    pub id: String,
    /// Below 0: taken.
    pub amount: Money,
    /// When, by the processor's clock.
    pub created: Timestamp,
    /// What moved it.
    pub source: TransactionSource,
}

/// What moved the balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionSource {
    /// Money that came.
    Charge {
        /// `pi_…`; none for a charge that was made without one.
        payment_intent: Option<String>,
        /// Whose it is, as its metadata says.
        practice: Option<PracticeId>,
    },
    /// Money that went back; above 0: and came again.
    Refund {
        /// `re_…`.
        refund: String,
        /// `pi_…`.
        payment_intent: Option<String>,
    },
    /// Money that a dispute withdrew or reinstated.
    Dispute {
        /// `du_…`.
        dispute: String,
        /// `pi_…`.
        payment_intent: Option<String>,
    },
    /// Payouts, the processor's own fees, and what is none of ours.
    Other,
}

impl Processor {
    /// All movements of the balance from `start` on and before `end`, newest first.
    ///
    /// # Errors
    /// `Unknown` above 50,000 of them since `start`: a list that is cut must not pass for a whole one.
    pub async fn list_balance_transactions(
        &self,
        (start, end): (Timestamp, Timestamp),
    ) -> Result<Vec<BalanceTransaction>, ProcessorError> {
        let first = ListBalanceTransaction::new()
            .created(RangeQueryTs::gte(start.as_second()))
            .expand(vec!["data.source".to_owned()])
            .limit(PAGE);
        let mut request = first.clone();
        let mut found: Vec<BalanceTransaction> = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = request.send(&self.transport).await?;
            let last = page.data.last().map(|moved| moved.id.to_string());
            for moved in page.data {
                found.push(BalanceTransaction::read(moved)?);
            }
            match last {
                Some(last) if page.has_more => request = first.clone().starting_after(last),
                Some(_) | None => {
                    found.retain(|moved| moved.created < end);
                    return Ok(found);
                }
            }
        }
        Err(ProcessorError::unknown(
            "a day with more transactions than we read",
        ))
    }
}

impl BalanceTransaction {
    fn read(moved: stripe_shared::BalanceTransaction) -> Result<Self, ProcessorError> {
        let source = moved.source.as_ref().and_then(|source| source.as_object());
        Ok(Self {
            amount: currency::received(moved.amount, &moved.currency)?,
            created: instant(moved.created)?,
            source: source.map_or(TransactionSource::Other, TransactionSource::read),
            id: moved.id.to_string(),
        })
    }
}

impl TransactionSource {
    pub(crate) fn read(source: &BalanceTransactionSource) -> Self {
        let intent = |id: Option<&stripe_types::Expandable<stripe_shared::PaymentIntent>>| {
            id.map(|intent| intent.id().to_string())
        };
        match source {
            BalanceTransactionSource::Charge(charge) => Self::Charge {
                payment_intent: intent(charge.payment_intent.as_ref()),
                practice: charge
                    .metadata
                    .get("practice_id")
                    .and_then(|id| id.parse().ok()),
            },
            BalanceTransactionSource::Refund(refund) => Self::Refund {
                refund: refund.id.to_string(),
                payment_intent: intent(refund.payment_intent.as_ref()),
            },
            BalanceTransactionSource::Dispute(dispute) => Self::Dispute {
                dispute: dispute.id.to_string(),
                payment_intent: intent(dispute.payment_intent.as_ref()),
            },
            _of_no_matter_here => Self::Other,
        }
    }
}
