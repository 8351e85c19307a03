//! The way of a refund through the processor: written down, sent under its key, and read until it has ended. Nobody
//! waits for it as a payer waits for a charge, so it is sent as long as the key lives.

mod records;
mod steps;

use super::adopt_refund::adopt_refund;
use super::settle_refund::settle_refund;
use super::whose;
use crate::domain::charge::KEY_LIFETIME;
use crate::domain::refund::RefundState;
use crate::store::processor_objects::Subject;
use crate::{Payments, Result};
use ::rpc::Caller;
use ids::{PracticeId, RefundId};
pub(super) use steps::Told;

/// Goes on with a refund that was left on its way: the reconciler's turn, which holds its lease.
pub async fn continue_refund(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    refund: RefundId,
) -> Result<()> {
    caller.within(practice)?;
    go_on(payments, practice, refund).await
}

/// Takes in what the processor says of its refund `object`, `re_…`; false when it is none of ours. One that somebody made
/// at the processor becomes ours. It is read on the account that it is of. For webhooks.
pub async fn read_refund(
    payments: &Payments,
    caller: &Caller,
    (object, account): (&str, Option<&str>),
) -> Result<bool> {
    let Some(told) = steps::read_object(payments, (object, account)).await? else {
        return Ok(false);
    };
    let known = whose::subject_of(payments, (object, account)).await?;
    let (practice, ours) = match known.map(|known| (known.practice, known.subject)) {
        Some((practice, Subject::Refund(refund))) => (Some(practice), Some(refund)),
        Some((
            _,
            Subject::Payment(_) | Subject::Setup(_) | Subject::Method(_) | Subject::Detachment(_),
        ))
        | None => (records::practice_of(payments, &told).await?, told.ours),
    };
    let Some(practice) = practice else {
        return Ok(false);
    };
    caller.within(practice)?;
    match ours {
        Some(refund) => settle(payments, practice, refund, told).await?,
        None => return adopt_refund(payments, caller, practice, &told).await,
    }
    Ok(true)
}

/// Sends the refund or finds out what has become of it, and gives the lease back.
pub(super) async fn go_on(
    payments: &Payments,
    practice: PracticeId,
    refund: RefundId,
) -> Result<()> {
    let outcome = walk(payments, practice, refund).await;
    records::release(payments, refund).await?;
    outcome
}

async fn walk(payments: &Payments, practice: PracticeId, refund: RefundId) -> Result<()> {
    let pending = records::pending(payments, practice, refund).await?;
    if pending.refund.state.is_final() {
        return Ok(());
    }
    if pending.refund.made_at_processor {
        // It is there already: it is only read, never sent.
        let object = pending.refund.processor_refund.as_deref();
        let object = (object.unwrap_or_default(), pending.account.as_deref());
        return match steps::read_object(payments, object).await? {
            Some(told) => settle(payments, practice, refund, told).await,
            None => Ok(()),
        };
    }
    if let Some(asked) = pending.asked {
        if let Some(told) = steps::find(payments, &pending).await? {
            return settle(payments, practice, refund, told).await;
        }
        if payments.clock.now().duration_since(asked) >= KEY_LIFETIME {
            tracing::error!(%refund, "a refund never reached the processor");
            return settle(payments, practice, refund, Told::only(RefundState::Failed)).await;
        }
    }
    let told = steps::send(payments, practice, &pending).await?;
    crate::crash::point("after_refund");
    settle(payments, practice, refund, told).await
}

async fn settle(
    payments: &Payments,
    practice: PracticeId,
    refund: RefundId,
    told: Told,
) -> Result<()> {
    let caller = Caller::worker("payments");
    let object = told.object.as_deref();
    settle_refund(payments, &caller, (practice, refund), (told.state, object)).await
}
