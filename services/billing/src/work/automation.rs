//! Nights of billing automation are run here as they come, those that were missed one after the other, and runs that
//! somebody asked for at once. Any number of replicas may do it: one takes a run, and another takes it over when the first
//! has died.

use crate::ops::run_automation::run_automation;
use crate::ops::run_by_hand::run_by_hand;
use crate::store::automation_queue::DueRun;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use futures::{StreamExt as _, stream};
use ids::{PracticeId, RunId};
use jiff::SignedDuration;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often somebody looks whether a night has come, or a run was asked for, which a person waits for.
const POLL: Duration = Duration::from_secs(1);
/// Runs of a kind that are worked on at once.
const AT_ONCE: usize = 4;
/// After that a run that is not done is anybody's.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// Runs nights until `stop`.
pub async fn automate(billing: Billing, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match automate_due(&billing).await {
            Ok(0) => {
                stop.run_until_cancelled(tokio::time::sleep(POLL)).await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "no nights could be taken");
                stop.run_until_cancelled(tokio::time::sleep(POLL)).await;
            }
        }
    }
}

/// Runs what is due now, and answers how many runs that were.
///
/// # Errors
/// The database failed. A run's own failure is logged, and the run is due again later.
pub async fn automate_due(billing: &Billing) -> Result<usize> {
    let now = billing.clock.now();
    let lease_end = now.saturating_add(LEASE).unwrap_or(now);
    let limit = i64::try_from(AT_ONCE).unwrap_or(1);
    let mut tx = pg::begin_any(&billing.db).await?;
    let due = store::automation_queue::claim(&mut tx, (now, lease_end), limit).await?;
    let asked = store::hand_runs::claim(&mut tx, (now, lease_end), limit).await?;
    tx.commit().await?;
    let nights = due.into_iter().map(Work::Night);
    let asked = asked.into_iter().map(Work::ByHand);
    let work: Vec<Work> = nights.chain(asked).collect();
    let count = work.len();
    stream::iter(work)
        .for_each_concurrent(2 * AT_ONCE, |work| run(billing, work))
        .await;
    Ok(count)
}

/// A run that is due.
enum Work {
    Night(DueRun),
    ByHand((PracticeId, RunId)),
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
