use super::share::{ToShare, share};
use crate::domain::bill::Bill;
use crate::domain::sharing::{Block, Schedule};
use crate::{Billing, OUTBOX, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

/// How often a bill is looked at that nobody can be sent.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// Shares those of these bills whose time has come, in one transaction; notes why one cannot be. A bill that another
/// worker or a person was faster with has no schedule any more, and one that was put off has a later one.
pub async fn share_due_bills(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    bills: &[BillId],
) -> Result<usize> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    let locked = store::bills::lock(&mut tx, practice, bills).await?;
    let mut scheduled: HashMap<BillId, Schedule> =
        store::share_schedules::lock_of_bills(&mut tx, practice, bills)
            .await?
            .into_iter()
            .map(|schedule| (schedule.bill, schedule))
            .collect();
    let cancelled: Vec<BillId> = locked
        .iter()
        .filter(|bill| bill.standing.cancelled)
        .map(Bill::id)
        .collect();
    let gone: Vec<BillId> = bills
        .iter()
        .copied()
        .filter(|bill| !scheduled.contains_key(bill) || cancelled.contains(bill))
        .collect();
    store::share_schedules::delete(&mut tx, practice, &gone).await?;
    scheduled.retain(|bill, schedule| schedule.scheduled_time <= now && !cancelled.contains(bill));

    // Under the schedules' locks: who brings an address meanwhile waits, and then makes them due again.
    let clients: Vec<_> = scheduled.values().map(|schedule| schedule.client).collect();
    let reached = store::people::with_billing_email(&mut tx, practice, &clients).await?;
    let (mut ready, mut blocked) = (Vec::new(), Vec::new());
    for bill in locked {
        match scheduled.remove(&bill.id()) {
            Some(schedule) if reached.contains(&schedule.client) => ready.push(ToShare {
                bill,
                with_pdf: schedule.with_pdf,
                shared_by: schedule.scheduled_by,
                scheduled: true,
            }),
            Some(schedule) => blocked.push(schedule.bill),
            None => {}
        }
    }
    if !blocked.is_empty() {
        let again = now.saturating_add(LOOK_AGAIN).unwrap_or(Timestamp::MAX);
        let why = (Block::NoEmailAddress, again);
        store::share_schedules::update_blocked(&mut tx, practice, &blocked, why).await?;
    }
    if !ready.is_empty() {
        let events = share(billing, &mut tx, practice, &ready, now).await?;
        OUTBOX.append(&mut tx, practice, now, &events).await?;
    }
    tx.commit().await?;
    Ok(ready.len())
}
