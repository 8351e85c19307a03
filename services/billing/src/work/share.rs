//! Shares bills when their time has come. Any number of replicas may run it: a claim keeps two from trying the same at
//! once, and the schedule, which goes in the transaction that shares, makes it once.

use crate::ops::share_due_bills::share_due_bills;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Bills claimed at once; those of one practice are shared in one transaction.
const BATCH: i64 = 100;
/// How long a claim keeps others away: much longer than a batch takes.
const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// How often the queue is looked at when nothing was due.
const POLL: Duration = Duration::from_secs(1);

/// Shares what is due until `stop`; then lets the batch under way end.
pub async fn share_scheduled(billing: Billing, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match share_due(&billing).await {
            Ok(claimed) if claimed > 0 => continue,
            Ok(_nothing) => {}
            Err(error) => tracing::warn!(%error, "scheduled shares could not be claimed"),
        }
        let _ = stop.run_until_cancelled(tokio::time::sleep(POLL)).await;
    }
}

/// Claims a batch and shares what of it is due; answers how many were claimed.
///
/// # Errors
/// The database failed before anything was claimed. A share's own failure is logged, and it is tried again when the
/// claim ends.
pub async fn share_due(billing: &Billing) -> Result<usize> {
    let claimed = claim(billing).await?;
    let count = claimed.len();
    let mut of_practices: BTreeMap<PracticeId, Vec<BillId>> = BTreeMap::new();
    for (practice, bill) in claimed {
        of_practices.entry(practice).or_default().push(bill);
    }
    for (practice, bills) in of_practices {
        share(billing, practice, &bills).await;
    }
    Ok(count)
}

async fn claim(billing: &Billing) -> Result<Vec<(PracticeId, BillId)>> {
    let now = billing.clock.now();
    let lease_end_time = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
    let mut tx = pg::begin_any(&billing.db).await?;
    let claimed = store::share_queue::claim(&mut tx, now, lease_end_time, BATCH).await?;
    tx.commit().await?;
    Ok(claimed)
}

/// Together, or else each alone, so that one that cannot be shared keeps no other from it.
async fn share(billing: &Billing, practice: PracticeId, bills: &[BillId]) {
    let caller = Caller::worker("billing");
    let Err(error) = share_due_bills(billing, &caller, practice, bills).await else {
        return;
    };
    tracing::warn!(%error, %practice, bills = bills.len(), "scheduled bills were not shared together");
    for bill in bills {
        if let Err(error) = share_due_bills(billing, &caller, practice, &[*bill]).await {
            tracing::error!(%error, %practice, %bill, "a scheduled bill was not shared");
        }
    }
}
