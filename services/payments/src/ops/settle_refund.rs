use super::match_payout_items::match_by_itself;
use super::payers;
use crate::domain::payer::Payer;
use crate::domain::refund::{RefundState, refunded_with};
use crate::store::attempts::Call;
use crate::store::payments::Payment;
use crate::store::processor_objects::Subject;
use crate::store::refunds::Refund;
use crate::wire::event;
use crate::{Error, Missing, OUTBOX, Payments, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, RefundId};
use jiff::civil::Date;
use pg::{Announcement, Tx};

/// Takes in what the processor says of a refund and which object it is, in any order and number. What it changes and its
/// event commit together; then billing is told at once.
pub async fn settle_refund(
    payments: &Payments,
    caller: &Caller,
    (practice, refund): (PracticeId, RefundId),
    (said, object): (RefundState, Option<&str>),
) -> Result<()> {
    caller.within(practice)?;
    let (settled, intent) = merge(payments, (practice, refund), (said, object)).await?;
    crate::crash::point("after_settle_refund");
    if let Some(given) = settled.filter(|it| it.state == RefundState::Succeeded) {
        payments.billing.post_refund(practice, &given).await;
    }
    // It may have been paid out before it was known which object it is.
    let intent: Vec<String> = intent.into_iter().collect();
    match_by_itself(payments, caller, practice, &intent).await;
    Ok(())
}

/// The refund after it, when its state changed; and its payment's object, when it was not known until now which is its own.
async fn merge(
    payments: &Payments,
    (practice, refund): (PracticeId, RefundId),
    (said, object): (RefundState, Option<&str>),
) -> Result<(Option<Refund>, Option<String>)> {
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let payment = store::refunds::get_payment(&mut tx, practice, refund).await?;
    let payment = store::payments::lock(&mut tx, practice, payment).await?;
    let before = payment
        .refunds
        .iter()
        .find(|it| it.refund == refund)
        .ok_or(Error::Missing(Missing::Refund(refund)))?;
    let closed = before.closing.as_ref();
    let closed = closed.filter(|closing| closing.overrule_time.is_none());
    let closed = closed.map(|closing| closing.refunded);
    let state = before.state.told(closed, said);
    if state == before.state && before.processor_refund.is_some() {
        return Ok((None, None));
    }
    let named = before.processor_refund.is_none() && object.is_some();
    if closed.is_some() && state != before.state && is_given_again(&payment, before)? {
        keep_second(payments, &mut tx, (&payment, before), object).await?;
        tx.commit().await?;
        return Ok((None, None));
    }
    if closed.is_some() && state != before.state {
        tracing::warn!(%refund, ?said, "the processor says otherwise than who closed a refund");
        store::refund_closings::overrule(&mut tx, practice, refund, now).await?;
    }
    let after = end(payments, &mut tx, (&payment, before), (state, object)).await?;
    tx.commit().await?;
    let intent = payment.processor_intent.clone().filter(|_| named);
    Ok(((state != before.state).then_some(after), intent))
}

/// Whether the payment's money was given back again after a refund of it was closed as failed: there is no room for both.
fn is_given_again(payment: &Payment, closed: &Refund) -> Result<bool> {
    let left = payment.amount.minus(payment.refunded)?;
    Ok(closed.state == RefundState::Failed && closed.amount.compare(left)?.is_gt())
}

/// Keeps the processor's word on a refund that went back although somebody had closed it as failed, and whose money was
/// given again since: more went back than was paid. The books cannot hold that; verify names it (G4), for people to mend.
async fn keep_second(
    payments: &Payments,
    tx: &mut Tx,
    (payment, closed): (&Payment, &Refund),
    object: Option<&str>,
) -> Result<()> {
    let (practice, refund, now) = (payment.practice, closed.refund, payments.clock.now());
    tracing::error!(%refund, "a refund that was closed as failed went back, and its money was given again");
    store::refund_closings::overrule(tx, practice, refund, now).await?;
    store::refunds::update_standing(tx, practice, refund, (closed.state, object), now).await?;
    if let Some(object) = object {
        let object = (object, payment.means.account.as_deref());
        store::processor_objects::insert(tx, practice, object, Subject::Refund(refund)).await?;
    }
    Ok(())
}

/// Writes where a refund of a locked payment stands from now on, counts it, and announces what has changed; the caller
/// commits.
pub(super) async fn end(
    payments: &Payments,
    tx: &mut Tx,
    (payment, before): (&Payment, &Refund),
    (state, object): (RefundState, Option<&str>),
) -> Result<Refund> {
    let (practice, refund, now) = (payment.practice, before.refund, payments.clock.now());
    store::refunds::update_standing(tx, practice, refund, (state, object), now).await?;
    if let Some(object) = object {
        let subject = Subject::Refund(refund);
        let object = (object, payment.means.account.as_deref());
        store::processor_objects::insert(tx, practice, object, subject).await?;
    }
    if object.is_some() || state.is_final() {
        let sent = (refund.uuid(), Call::CreateRefund);
        store::attempts::finish(tx, practice, sent, now).await?;
    }
    if state.is_final() {
        store::unsettled::delete(tx, Subject::Refund(refund)).await?;
    }
    let after = Refund {
        state,
        ..before.clone()
    };
    let failed = |refund: &Refund| refund.state == RefundState::Failed;
    let counted = match (failed(before), failed(&after)) {
        (false, true) => Some(payment.refunded.minus(before.amount)?),
        (true, false) => {
            let (amount, refunded) = (payment.amount, payment.refunded);
            Some(refunded_with(amount, refunded, before.amount)?)
        }
        (true, true) | (false, false) => None,
    };
    if let Some(counted) = counted {
        store::payments::update_refunded(tx, payment, counted, now).await?;
    }
    let today = store::practices::get(tx, practice).await?.local_date(now)?;
    let payer = payers::of_payment(tx, payment).await?;
    let events = events(payments, (payment, payer), (before, &after), today);
    OUTBOX.append(tx, practice, now, &events).await?;
    Ok(after)
}

/// A refund that succeeded and came back later has failed all the same: billing books it back, and it may be given again.
fn events(
    payments: &Payments,
    (payment, payer): (&Payment, Option<Payer>),
    (before, after): (&Refund, &Refund),
    today: Date,
) -> Vec<Announcement> {
    if before.state == after.state {
        return Vec::new();
    }
    match after.state {
        RefundState::Succeeded => {
            let paid = (payment, payer);
            vec![event::refund_succeeded(&payments.clock, paid, after)]
        }
        RefundState::Failed => {
            let came_back = before.state == RefundState::Succeeded;
            if came_back {
                tracing::warn!(refund = %after.refund, "a refund came back from the payer's bank");
            }
            let failed = (today, came_back);
            vec![event::refund_failed(
                &payments.clock,
                payment,
                after,
                failed,
            )]
        }
        RefundState::Created | RefundState::Processing | RefundState::Unknown => Vec::new(),
    }
}
