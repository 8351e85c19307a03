//! The calls to the processor; no transaction begins here.

use super::records::{self, Pending};
use crate::domain::refund::RefundState;
use crate::ops::whose::Object;
use crate::wire::processor::refund_state;
use crate::{Error, Payments, Result, ops::unavailable};
use ids::{PracticeId, RefundId};
use jiff::Timestamp;
use money::Money;
use processor::{NewRefund, ProcessorError, Refund, RefundReason};

/// What the processor says of a refund.
pub(in crate::ops) struct Told {
    /// Where it stands.
    pub(in crate::ops) state: RefundState,
    /// The practice's own account that it is of, `acct_…`; none: the installation's.
    pub(in crate::ops) account: Option<String>,
    /// `re_…`, when there is one.
    pub(in crate::ops) object: Option<String>,
    /// `pi_…` of the payment, when it says.
    pub(in crate::ops) intent: Option<String>,
    /// Which of ours it is; none when somebody made it at the processor.
    pub(in crate::ops) ours: Option<RefundId>,
    /// What goes back and when that began, when there is an object.
    pub(in crate::ops) made: Option<(Money, Timestamp)>,
}

impl Told {
    pub(super) const fn only(state: RefundState) -> Self {
        Self {
            state,
            account: None,
            object: None,
            intent: None,
            ours: None,
            made: None,
        }
    }

    fn of(refund: Refund, account: Option<&str>) -> Self {
        Self {
            state: refund_state(&refund.status),
            account: account.map(str::to_owned),
            object: Some(refund.id),
            intent: refund.payment_intent,
            ours: refund.refund,
            made: Some((refund.amount, refund.created)),
        }
    }
}

/// Sends the money back under the refund's key. Errors: PROCESSOR_UNAVAILABLE, with nothing sent.
pub(super) async fn send(
    payments: &Payments,
    practice: PracticeId,
    pending: &Pending,
) -> Result<Told> {
    let refund = pending.refund.refund;
    let (key, started) = records::start(payments, practice, refund).await?;
    crate::crash::point("before_refund");
    let asked = NewRefund {
        payment_intent: &pending.intent,
        practice,
        refund,
        amount: pending.refund.amount,
        reason: RefundReason::RequestedByCustomer,
    };
    let account = pending.account.as_deref();
    let processor = payments.at(account)?;
    match processor.create_refund(asked, &key).await {
        // The first call was refused, and there will be no other: nothing went back.
        Err(error @ ProcessorError::NotConnected { .. }) if started.first => {
            tracing::warn!(%refund, %error, "a refund ends, for its account was taken away");
            Ok(Told::only(RefundState::Failed))
        }
        Ok(sent) => Ok(Told::of(sent, account)),
        Err(error @ ProcessorError::Unknown { .. }) => {
            tracing::warn!(%refund, %error, "the outcome of a refund is not known yet");
            Ok(Told::only(RefundState::Unknown))
        }
        Err(
            error @ (ProcessorError::Busy { .. }
            | ProcessorError::Unauthorized { .. }
            | ProcessorError::NotConnected { .. }),
        ) => Err(unavailable(&error)),
        Err(error @ (ProcessorError::Rejected { .. } | ProcessorError::Declined(_))) => {
            tracing::warn!(%refund, %error, "the processor refused a refund");
            let found = find(payments, pending).await?;
            Ok(found.unwrap_or(Told::only(RefundState::Failed)))
        }
    }
}

/// What has become of a refund that was sent, also when its answer was lost; none when the processor has none.
pub(super) async fn find(payments: &Payments, pending: &Pending) -> Result<Option<Told>> {
    let wanted = pending.refund.refund;
    let account = pending.account.as_deref();
    let processor = payments.at(account)?;
    let refunds = processor.list_refunds(&pending.intent).await;
    let refunds = refunds.map_err(|error| unavailable(&error))?;
    let mut ours = refunds.into_iter();
    let found = ours.find(|it| it.refund == Some(wanted));
    Ok(found.map(|refund| Told::of(refund, account)))
}

/// A refund by the processor's id; none when it has no such.
pub(super) async fn read_object(
    payments: &Payments,
    (object, account): Object<'_>,
) -> Result<Option<Told>> {
    let processor = payments.at(account)?;
    match processor.get_refund(object).await {
        Ok(refund) => Ok(Some(Told::of(refund, account))),
        Err(ProcessorError::Rejected { .. }) => Ok(None),
        Err(error) => Err(unavailable(&error)),
    }
}

pub(super) const fn no_object() -> Error {
    Error::Stored("a card payment without the processor's object")
}
