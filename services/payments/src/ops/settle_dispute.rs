use super::match_payout_items::match_by_itself;
use crate::domain::dispute::{DisputeState, Told};
use crate::domain::payment::PaymentState;
use crate::store::disputes::Dispute;
use crate::store::payments::Payment;
use crate::store::practices::Practice;
use crate::wire::event;
use crate::{OUTBOX, Payments, Result, store};
use ::rpc::Caller;
use ids::{DisputeId, DisputeMovementId, PaymentId, PracticeId};
use jiff::Timestamp;
use money::Money;
use pg::{Announcement, Tx};

/// Takes in what the processor says of a dispute, in any order and number. What it changes and its events commit
/// together: opened, each movement of money, closed. False when the payment has not succeeded as far as we know.
pub async fn settle_dispute(
    payments: &Payments,
    caller: &Caller,
    (practice_id, payment): (PracticeId, PaymentId),
    told: Told,
) -> Result<bool> {
    caller.within(practice_id)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let payment = store::payments::lock(&mut tx, practice_id, payment).await?;
    if payment.state != PaymentState::Succeeded {
        return Ok(false);
    }
    let mut events = Vec::new();
    let known = store::disputes::find_object(&mut tx, practice_id, &told.object).await?;
    let before = known.as_ref().map(|dispute| dispute.state);
    let dispute = match known {
        Some(known) => merged(known, &told, now),
        None => opened(DisputeId::new(&payments.clock), &payment, &told, now),
    };
    match before {
        Some(_) => store::disputes::update_standing(&mut tx, practice_id, &dispute, now).await?,
        None => {
            store::disputes::insert(&mut tx, practice_id, &dispute, now).await?;
            events.push(event::dispute_opened(&payments.clock, &practice, &dispute)?);
        }
    }
    events.extend(moved(payments, &mut tx, (&practice, &dispute), &told).await?);
    let was_open = before.is_none_or(DisputeState::is_open);
    if was_open && !dispute.state.is_open() {
        let closed = event::dispute_closed(&payments.clock, &practice, &dispute, now)?;
        events.push(closed);
    }
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    tx.commit().await?;
    let intent: Vec<String> = payment.processor_intent.into_iter().collect();
    match_by_itself(payments, caller, practice_id, &intent).await;
    Ok(true)
}

/// A dispute that we hear of for the first time. A word that we do not know is taken for the one that asks for care.
fn opened(id: DisputeId, payment: &Payment, told: &Told, now: Timestamp) -> Dispute {
    let state = told.state.unwrap_or(DisputeState::NeedsResponse);
    let nothing = Money::zero(told.amount.currency());
    Dispute {
        dispute: id,
        payment: payment.payment,
        client: payment.client,
        object: told.object.clone(),
        state,
        reason: told.reason.clone(),
        amount: told.amount,
        has_evidence: told.has_evidence,
        open_time: told.open_time,
        respond_by_time: told.respond_by_time,
        close_time: (!state.is_open()).then_some(now),
        withdrawn: nothing,
        fee: nothing,
        bills: payment.allocations.iter().map(|part| part.bill).collect(),
        method_text: payment.method_text.clone(),
        intent: payment.processor_intent.clone(),
    }
}

fn merged(known: Dispute, told: &Told, now: Timestamp) -> Dispute {
    let state = told
        .state
        .map_or(known.state, |said| known.state.merged(said));
    let close_time = (!state.is_open()).then(|| known.close_time.unwrap_or(now));
    Dispute {
        state,
        has_evidence: known.has_evidence || told.has_evidence,
        respond_by_time: told.respond_by_time,
        close_time,
        ..known
    }
}

/// What of the money it moved is news.
async fn moved(
    payments: &Payments,
    tx: &mut Tx,
    (practice, dispute): (&Practice, &Dispute),
    told: &Told,
) -> Result<Vec<Announcement>> {
    let mut events = Vec::new();
    for moved in &told.movements {
        let movement = DisputeMovementId::new(&payments.clock);
        let about = (dispute.dispute, movement);
        if store::disputes::insert_movement(tx, practice.practice, about, moved).await? {
            let news = event::dispute_moved(&payments.clock, practice, dispute, (movement, moved))?;
            events.push(news);
        }
    }
    Ok(events)
}
