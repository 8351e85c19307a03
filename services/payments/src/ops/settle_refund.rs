use super::match_payout_items::match_by_itself;
use super::payers;
use crate::domain::payer::Payer;
use crate::domain::refund::RefundState;
use crate::store::attempts::Call;
use crate::store::payments::Payment;
use crate::store::processor_objects::Subject;
use crate::store::refunds::Refund;
use crate::wire::event;
use crate::{Error, Missing, OUTBOX, Payments, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, RefundId};
use jiff::civil::Date;
use pg::Announcement;

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
    let state = before.state.merged(said);
    if state == before.state && before.processor_refund.is_some() {
        return Ok((None, None));
    }
    let named = before.processor_refund.is_none() && object.is_some();
    store::refunds::update_standing(&mut tx, practice, refund, (state, object), now).await?;
    if let Some(object) = object {
        let subject = Subject::Refund(refund);
        let object = (object, payment.means.account.as_deref());
        store::processor_objects::insert(&mut tx, practice, object, subject).await?;
        let sent = (refund.uuid(), Call::CreateRefund);
        store::attempts::finish(&mut tx, practice, sent, now).await?;
    }
    if state.is_final() {
        store::unsettled::delete(&mut tx, Subject::Refund(refund)).await?;
    }
    let after = Refund {
        state,
        ..before.clone()
    };
    if state == RefundState::Failed && before.state != RefundState::Failed {
        let left = payment.refunded.minus(before.amount)?;
        store::payments::update_refunded(&mut tx, &payment, left, now).await?;
    }
    let today = store::practices::get(&mut tx, practice)
        .await?
        .local_date(now)?;
    let payer = payers::of_payment(&mut tx, &payment).await?;
    let events = events(payments, (&payment, payer), (before, &after), today);
    OUTBOX.append(&mut tx, practice, now, &events).await?;
    tx.commit().await?;
    let intent = payment.processor_intent.clone().filter(|_| named);
    Ok(((state != before.state).then_some(after), intent))
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
