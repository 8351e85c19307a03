use jiff::Timestamp;
use money::Money;
use stripe_core::dispute::{ListDispute, RetrieveDispute};

use crate::intents::instant;
use crate::object_id::checked;
use crate::{Processor, ProcessorError, currency};

/// Of one charge; card networks allow a few at most.
const PAGE: i64 = 100;

/// A dispute as the processor sees it. Its evidence, which names people, is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// `du_…`.
    pub id: String,
    /// How far it has come.
    pub status: DisputeStatus,
    /// What is disputed; may be part of the charge.
    pub amount: Money,
    /// Stripe's word for why: `fraudulent`, `product_not_received`.
    pub reason: String,
    /// `pi_…`.
    pub payment_intent: Option<String>,
    /// `ch_…`.
    pub charge: String,
    /// When it was opened, by the processor's clock.
    pub created: Timestamp,
    /// Until when evidence is taken; none when it is not, or not any more.
    pub due_by: Option<Timestamp>,
    /// Whether evidence was handed in.
    pub has_evidence: bool,
    /// Money it moved so far.
    pub movements: Vec<DisputeMovement>,
}

/// What a dispute took off the balance or gave back to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeMovement {
    /// `txn_…`; the same whenever it is read.
    pub transaction: String,
    /// Below 0: withdrawn; above: reinstated; without the fee.
    pub amount: Money,
    /// What it cost; below 0: what of a fee came back.
    pub fee: Money,
    /// When, by the processor's clock.
    pub created: Timestamp,
}

/// How far a dispute has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisputeStatus {
    /// An inquiry that waits for an answer; no money was taken.
    WarningNeedsResponse,
    /// An inquiry that was answered.
    WarningUnderReview,
    /// An inquiry that came to nothing.
    WarningClosed,
    /// It waits for evidence.
    NeedsResponse,
    /// The bank looks at the evidence.
    UnderReview,
    /// The money comes back.
    Won,
    /// The money is gone.
    Lost,
    /// Settled before it became one.
    Prevented,
    /// A status that is newer than this program.
    Unrecognised(String),
}

impl Processor {
    /// Reads a dispute (`du_…`, `dp_…`) as it is now.
    pub async fn get_dispute(&self, dispute: &str) -> Result<Dispute, ProcessorError> {
        let request = RetrieveDispute::new(checked("dispute", dispute)?);
        Dispute::read(request.send(&self.transport).await?)
    }

    /// The disputes of a payment, newest first.
    ///
    /// # Errors
    /// `Unknown` above 100 of them: a list that is cut must not pass for a whole one.
    pub async fn list_disputes(
        &self,
        payment_intent: &str,
    ) -> Result<Vec<Dispute>, ProcessorError> {
        let request = ListDispute::new()
            .payment_intent(checked("payment_intent", payment_intent)?)
            .limit(PAGE);
        let page = request.send(&self.transport).await?;
        if page.has_more {
            return Err(ProcessorError::unknown(
                "a payment with more disputes than we read",
            ));
        }
        page.data.into_iter().map(Dispute::read).collect()
    }
}

impl Dispute {
    fn read(dispute: stripe_shared::Dispute) -> Result<Self, ProcessorError> {
        let movements = dispute.balance_transactions.into_iter().map(|moved| {
            Ok(DisputeMovement {
                amount: currency::received(moved.amount, &moved.currency)?,
                fee: currency::received(moved.fee, &moved.currency)?,
                created: instant(moved.created)?,
                transaction: moved.id.to_string(),
            })
        });
        Ok(Self {
            movements: movements.collect::<Result<_, ProcessorError>>()?,
            amount: currency::received(dispute.amount, &dispute.currency)?,
            created: instant(dispute.created)?,
            due_by: dispute.evidence_details.due_by.map(instant).transpose()?,
            has_evidence: dispute.evidence_details.has_evidence,
            status: DisputeStatus::read(dispute.status),
            reason: dispute.reason,
            payment_intent: dispute
                .payment_intent
                .map(|intent| intent.into_id().to_string()),
            charge: dispute.charge.into_id().to_string(),
            id: dispute.id.to_string(),
        })
    }
}

impl DisputeStatus {
    fn read(status: stripe_shared::DisputeStatus) -> Self {
        use stripe_shared::DisputeStatus as Told;
        match status {
            Told::WarningNeedsResponse => Self::WarningNeedsResponse,
            Told::WarningUnderReview => Self::WarningUnderReview,
            Told::WarningClosed => Self::WarningClosed,
            Told::NeedsResponse => Self::NeedsResponse,
            Told::UnderReview => Self::UnderReview,
            Told::Won => Self::Won,
            Told::Lost => Self::Lost,
            Told::Prevented => Self::Prevented,
            Told::Unknown(status) => Self::Unrecognised(status),
            other => Self::Unrecognised(other.as_str().to_owned()),
        }
    }
}
