use super::edit_bill::{refused, under_way};
use super::get_bill::{ShownBill, shown};
use super::{entry, post};
use crate::domain::entry::Act;
use crate::domain::issue;
use crate::wire::event;
use crate::{Billing, OUTBOX, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use pg::RequestKey;

/// Takes a bill back: its entry is reversed and its sessions are unbilled again. Errors: as BillService.CancelBill says.
pub async fn cancel_bill(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice, bill): (PracticeId, BillId),
    reason: &str,
) -> Result<ShownBill> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, bill.uuid(), now).await? {
        return shown(&mut tx, practice, first.into(), now).await;
    }
    let before = store::bills::lock_one(&mut tx, practice, bill).await?;
    let currency = before.face.total.currency();
    let under_way = under_way(&mut tx, practice, (bill, currency), now).await?;
    let booked = store::entries::live_transfers_of_bill(&mut tx, practice, bill).await?;
    let adjustments = store::adjustments::live_on_bill(&mut tx, practice, (bill, currency)).await?;

    let (transfers, after) = issue::cancel_bill(&before.standing, &booked, under_way)
        .map_err(|fixed| refused(fixed, bill))?;
    let today = store::practices::get(&mut tx, practice)
        .await?
        .local_date(now)?;
    let entry = entry(
        &billing.clock,
        (Act::BillCancelled(bill), after.client),
        today,
        &transfers,
    )?;

    store::bills::update_standings(&mut tx, practice, &[after]).await?;
    store::adjustments::update_reversed(&mut tx, practice, &adjustments, now).await?;
    store::bills::update_cancelled(&mut tx, practice, bill, (now, reason)).await?;
    store::share_schedules::delete(&mut tx, practice, &[bill]).await?;
    post(&mut tx, practice, now, &entry).await?;
    let cancelled = shown(&mut tx, practice, bill, now).await?;
    let mut events = vec![
        event::of(&billing.clock, &event::bill_cancelled(&cancelled.bill)),
        event::of(&billing.clock, &event::entry_posted(practice, &entry)),
    ];
    for ended in &adjustments {
        let reversed = event::adjustment_reversed(&cancelled.bill, ended, entry.id);
        events.push(event::of(&billing.clock, &reversed));
    }
    OUTBOX.append(&mut tx, practice, now, &events).await?;
    tx.commit().await?;
    Ok(cancelled)
}
