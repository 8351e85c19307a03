use super::adjust_bill::refused;
use super::get_bill::{ShownBill, shown};
use super::{entry, post};
use crate::domain::adjustment;
use crate::domain::entry::Act;
use crate::wire::event;
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{AdjustmentId, BillId, PracticeId};
use pg::RequestKey;

/// Takes an adjustment back, so that the client owes it again. Errors: as BillService.ReverseAdjustment says.
pub async fn reverse_adjustment(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, bill): (PracticeId, BillId),
    id: AdjustmentId,
) -> Result<ShownBill> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, bill.uuid(), now).await? {
        return shown(&mut tx, practice_id, first.into(), now).await;
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let before = store::bills::lock_one(&mut tx, practice_id, bill)
        .await?
        .standing;
    let whose = (bill, practice.currency);
    let made = store::adjustments::get(&mut tx, practice_id, whose, id).await?;
    if before.cancelled {
        return Err(Error::BillCancelled(bill));
    }
    if !made.is_live() {
        return Err(Error::AdjustmentReversed(id));
    }
    // An insurer has decided since: the adjustment is part of what the client owes by that decision.
    let since = (bill, made.create_time);
    if store::insurer_payments::decided_since(&mut tx, practice_id, since).await? {
        return Err(Error::BillDecided(bill));
    }
    let posted = store::entries::live_transfers_of(&mut tx, practice_id, made.entry).await?;

    let (transfers, after) = adjustment::reverse_adjustment(&before, made.amount, &posted)
        .map_err(|refusal| refused(refusal, bill, "reduction"))?;
    let act = (Act::AdjustmentReversed(id, bill), after.client);
    let entry = entry(&billing.clock, act, practice.local_date(now)?, &transfers)?;

    store::bills::update_standings(&mut tx, practice_id, &[after]).await?;
    post(&mut tx, practice_id, now, &entry).await?;
    store::adjustments::update_reversed(&mut tx, practice_id, std::slice::from_ref(&made), now)
        .await?;
    let bill = shown(&mut tx, practice_id, bill, now).await?;
    let reversed = event::adjustment_reversed(&bill.bill, &made, entry.id);
    let events = [
        event::of(&billing.clock, &reversed),
        event::of(
            &billing.clock,
            &event::balance_changed(&bill.bill, entry.id),
        ),
        event::of(&billing.clock, &event::entry_posted(practice_id, &entry)),
    ];
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    tx.commit().await?;
    Ok(bill)
}
