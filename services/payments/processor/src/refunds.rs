use std::collections::HashMap;

use ids::{PracticeId, RefundId};
use jiff::Timestamp;
use money::Money;
use stripe_client_core::StripeRequest;
use stripe_core::refund::{CreateRefund, CreateRefundReason, ListRefund, RetrieveRefund};

use crate::intents::instant;
use crate::object_id::checked;
use crate::transport::under;
use crate::{Processor, ProcessorError, currency};

const PAGE: i64 = 100;
const PAGES_MAX: usize = 20;

/// Money that is to go back.
#[derive(Clone, Copy, Debug)]
pub struct NewRefund<'a> {
    /// `pi_…`, a payment that succeeded.
    pub payment_intent: &'a str,
    /// Metadata `practice_id`.
    pub practice: PracticeId,
    /// Metadata `refund_id`.
    pub refund: RefundId,
    /// Above zero, in the payment's currency, at most what is left of it.
    pub amount: Money,
    /// Why, in the processor's words.
    pub reason: RefundReason,
}

/// Why money goes back. (Not `fraudulent`: that would block the card for everyone.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundReason {
    /// It was paid twice.
    Duplicate,
    /// The payer or the practice wants it.
    RequestedByCustomer,
}

/// A refund as the processor sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// `re_…`.
    pub id: String,
    /// How far it has come.
    pub status: RefundStatus,
    /// What goes back.
    pub amount: Money,
    /// `pi_…`.
    pub payment_intent: Option<String>,
    /// `ch_…`.
    pub charge: Option<String>,
    /// Our refund, from the metadata; none when it was made in Stripe's dashboard.
    pub refund: Option<RefundId>,
    /// Why it failed, in Stripe's words.
    pub failure_reason: Option<String>,
    /// When it was created, by the processor's clock.
    pub created: Timestamp,
}

/// How far a refund has come. Even a succeeded one may fail later, when the payer's bank sends it
/// back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    /// Under way.
    Pending,
    /// The payer has to say where to.
    RequiresAction,
    /// Sent to the payer's bank.
    Succeeded,
    /// It came back; the money is ours again.
    Failed,
    /// Cancelled; the money is ours again.
    Canceled,
    /// A status that is newer than this program, or none.
    Unrecognised(String),
}

impl Processor {
    /// Sends money back.
    pub async fn create_refund(
        &self,
        refund: NewRefund<'_>,
        key: &str,
    ) -> Result<Refund, ProcessorError> {
        let (amount, _) = currency::sent(refund.amount)?;
        let metadata = HashMap::from([
            ("practice_id".to_owned(), refund.practice.to_string()),
            ("refund_id".to_owned(), refund.refund.to_string()),
        ]);
        let request = CreateRefund::new()
            .payment_intent(checked("payment_intent", refund.payment_intent)?)
            .amount(amount)
            .reason(match refund.reason {
                RefundReason::Duplicate => CreateRefundReason::Duplicate,
                RefundReason::RequestedByCustomer => CreateRefundReason::RequestedByCustomer,
            })
            .metadata(metadata);
        let made = request
            .customize()
            .request_strategy(under(key)?)
            .send(&self.transport)
            .await?;
        Refund::read(made)
    }

    /// Reads a refund (`re_…`) as it is now.
    pub async fn get_refund(&self, refund: &str) -> Result<Refund, ProcessorError> {
        let request = RetrieveRefund::new(checked("refund", refund)?);
        Refund::read(request.send(&self.transport).await?)
    }

    /// All refunds of a payment, newest first, those made in Stripe's dashboard too.
    ///
    /// # Errors
    /// `Unknown` above 2,000 of them: a list that is cut must not pass for a whole one.
    pub async fn list_refunds(&self, payment_intent: &str) -> Result<Vec<Refund>, ProcessorError> {
        let first = ListRefund::new()
            .payment_intent(checked("payment_intent", payment_intent)?)
            .limit(PAGE);
        let mut request = first.clone();
        let mut refunds: Vec<Refund> = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = request.send(&self.transport).await?;
            for refund in page.data {
                refunds.push(Refund::read(refund)?);
            }
            match refunds.last() {
                Some(last) if page.has_more => {
                    request = first.clone().starting_after(last.id.as_str())
                }
                Some(_) | None => return Ok(refunds),
            }
        }
        Err(ProcessorError::unknown(
            "a payment with more refunds than we read",
        ))
    }
}

impl Refund {
    fn read(refund: stripe_shared::Refund) -> Result<Self, ProcessorError> {
        Ok(Self {
            amount: currency::received(refund.amount, &refund.currency)?,
            created: instant(refund.created)?,
            refund: refund
                .metadata
                .and_then(|metadata| metadata.get("refund_id")?.parse().ok()),
            status: RefundStatus::read(refund.status),
            payment_intent: refund
                .payment_intent
                .map(|intent| intent.into_id().to_string()),
            charge: refund.charge.map(|charge| charge.into_id().to_string()),
            failure_reason: refund.failure_reason,
            id: refund.id.to_string(),
        })
    }
}

impl RefundStatus {
    fn read(status: Option<String>) -> Self {
        match status.as_deref() {
            Some("pending") => Self::Pending,
            Some("requires_action") => Self::RequiresAction,
            Some("succeeded") => Self::Succeeded,
            Some("failed") => Self::Failed,
            Some("canceled") => Self::Canceled,
            Some(_) | None => Self::Unrecognised(status.unwrap_or_default()),
        }
    }
}
