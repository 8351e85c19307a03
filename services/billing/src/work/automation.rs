//! Nights of billing automation are run here as they come, those that were missed one after the other, and runs that
//! somebody asked for at once. Any number of replicas may do it: one takes a run, and another takes it over when the first
//! has died.

use crate::ops::run_automation::run_automation;
use crate::ops::run_by_hand::run_by_hand;
use crate::store::automation_queue::DueRun;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use futures::future::join_all;
use ids::{PracticeId, RunId};
use jiff::SignedDuration;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often somebody looks whether a night has come, or a run was asked for, which a person waits for.
const POLL: Duration = Duration::from_secs(1);
/// Runs of a kind that are worked on at once. Each that ends makes room for another: a long one holds up nobody else's.
const AT_ONCE: usize = 4;
/// After that a run that is not done is anybody's.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// Runs nights and what was asked for until `stop`.
pub async fn automate(billing: Billing, stop: CancellationToken) {
    let workers = [Kind::Nights, Kind::ByHand]
        .into_iter()
        .flat_map(|kind| std::iter::repeat_n(kind, AT_ONCE))
        .map(|kind| work_on(&billing, kind, &stop));
    join_all(workers).await;
}

/// Runs one after the other.
async fn work_on(billing: &Billing, kind: Kind, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let taken = take(billing, kind, 1).await;
        let work = taken.unwrap_or_else(|error| {
            tracing::warn!(%error, "no run of automation could be taken");
            Vec::new()
        });
        if work.is_empty() {
            stop.run_until_cancelled(tokio::time::sleep(POLL)).await;
        }
        for one in work {
            run(billing, one).await;
        }
    }
}

/// Runs what is due now, at most 4 of each kind, and answers how many runs that were.
///
/// # Errors
/// The database failed. A run's own failure is logged, and the run is due again later.
pub async fn automate_due(billing: &Billing) -> Result<usize> {
    let mut work = take(billing, Kind::Nights, AT_ONCE).await?;
    work.append(&mut take(billing, Kind::ByHand, AT_ONCE).await?);
    let count = work.len();
    join_all(work.into_iter().map(|one| run(billing, one))).await;
    Ok(count)
}

/// What is worked on.
#[derive(Clone, Copy)]
enum Kind {
    Nights,
    ByHand,
}

/// A run that is due.
enum Work {
    Night(DueRun),
    ByHand((PracticeId, RunId)),
}

/// Leases at most `limit` runs that are due.
async fn take(billing: &Billing, kind: Kind, limit: usize) -> Result<Vec<Work>> {
    let now = billing.clock.now();
    let lease_end = now.saturating_add(LEASE).unwrap_or(now);
    let limit = i64::try_from(limit).unwrap_or(1);
    let mut tx = pg::begin_any(&billing.db).await?;
    let work = match kind {
        Kind::Nights => {
            let due = store::automation_queue::claim(&mut tx, (now, lease_end), limit).await?;
            due.into_iter().map(Work::Night).collect()
        }
        Kind::ByHand => {
            let asked = store::hand_runs::claim(&mut tx, (now, lease_end), limit).await?;
            asked.into_iter().map(Work::ByHand).collect()
        }
    };
    tx.commit().await?;
    Ok(work)
}

async fn run(billing: &Billing, work: Work) {
    let caller = Caller::worker("billing");
    match work {
        Work::Night(due) => {
            if let Err(error) = Box::pin(run_automation(billing, &caller, due)).await {
                let DueRun { practice, run_date } = due;
                tracing::error!(%error, %practice, %run_date, "a night is not done; it is due again in minutes");
            }
        }
        Work::ByHand((practice, asked)) => {
            let ended = Box::pin(run_by_hand(billing, &caller, (practice, asked))).await;
            if let Err(error) = ended {
                tracing::error!(%error, %practice, run = %asked, "a run by hand is not done; it is due again in minutes");
            }
        }
    }
}
