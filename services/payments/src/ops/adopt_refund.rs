use super::give_back::Told;
use super::match_payout_items::match_by_itself;
use super::{payers, turn};
use crate::domain::payment::PaymentState;
use crate::domain::refund::{RefundState, refunded_with};
use crate::store::payments::Payment;
use crate::store::processor_objects::Subject;
use crate::store::refunds::Refund;
use crate::wire::event;
use crate::{OUTBOX, Payments, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, RefundId};
use jiff::Timestamp;

/// Why, as the practice reads it.
const REASON: &str = "Refunded in Stripe";

/// Writes down a refund that somebody made at the processor. billing books it as any other: from the payment's credit
/// first, then its bills, last one first. False when it cannot be counted yet: more went back than we believe to be left,
/// which ends when a refund of ours that is still pending has failed.
pub(super) async fn adopt_refund(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    told: &Told,
) -> Result<bool> {
    caller.within(practice)?;
    let (Some(object), Some(intent)) = (&told.object, &told.intent) else {
        return Ok(false);
    };
    let Some((payment, refund)) = adopt(payments, practice, told, (object, intent)).await? else {
        return Ok(false);
    };
    tracing::info!(payment = %payment.payment, refund = %refund.refund, "a refund was made at the processor");
    if refund.state == RefundState::Succeeded {
        payments.billing.post_refund(practice, &refund).await;
    }
    match_by_itself(payments, caller, practice, std::slice::from_ref(intent)).await;
    Ok(true)
}

async fn adopt(
    payments: &Payments,
    practice_id: PracticeId,
    told: &Told,
    (object, intent): (&str, &str),
) -> Result<Option<(Payment, Refund)>> {
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice_id).await?;
    let known = store::processor_objects::find(&mut tx, intent).await?;
    let known = known.filter(|known| known.account == told.account);
    let subject = known.map(|known| known.subject);
    let (Some(Subject::Payment(payment)), Some((amount, begun))) = (subject, told.made) else {
        return Ok(None);
    };
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let payment = store::payments::lock(&mut tx, practice_id, payment).await?;
    // Known meanwhile: whoever asks again finds it. And money that came is written down before it goes.
    let known = store::processor_objects::find(&mut tx, object)
        .await?
        .is_some();
    if known || payment.state != PaymentState::Succeeded {
        return Ok(None);
    }
    let refund = Refund {
        refund: RefundId::new(&payments.clock),
        payment: payment.payment,
        amount,
        reason: REASON.to_owned(),
        to_credit: false,
        state: told.state,
        refund_date: practice.local_date(begun)?,
        processor_refund: Some(object.to_owned()),
        made_at_processor: true,
        create_time: now,
        closing: None,
    };
    if refund.state != RefundState::Failed {
        let Ok(refunded) = refunded_with(payment.amount, payment.refunded, amount) else {
            tracing::warn!(payment = %payment.payment, object, "more went back at the processor than is left");
            return Ok(None);
        };
        store::payments::update_refunded(&mut tx, &payment, refunded, now).await?;
    }
    store::refunds::insert(&mut tx, practice_id, &refund).await?;
    let subject = Subject::Refund(refund.refund);
    let object = (object, told.account.as_deref());
    store::processor_objects::insert(&mut tx, practice_id, object, subject).await?;
    if !refund.state.is_final() {
        store::unsettled::insert(&mut tx, practice_id, subject, looked_after(payments, now))
            .await?;
    }
    if refund.state == RefundState::Succeeded {
        let payer = payers::of_payment(&mut tx, &payment).await?;
        let paid = (&payment, payer);
        let events = [event::refund_succeeded(&payments.clock, paid, &refund)];
        OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    }
    tx.commit().await?;
    Ok(Some((payment, refund)))
}

/// Nobody has it for itself: the reconciler looks after it when its time has come.
fn looked_after(payments: &Payments, now: Timestamp) -> store::unsettled::Turn {
    store::unsettled::Turn {
        lease_end: now,
        ..turn(payments, now)
    }
}
