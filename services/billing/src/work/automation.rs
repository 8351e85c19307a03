//! Nights of billing automation are run here as they come, and those that were missed one after the other. Any number of
//! replicas may do it: one takes a practice's night, and another takes it over when the first has died.

use crate::ops::run_automation::run_automation;
use crate::store::automation_queue::DueRun;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use futures::{StreamExt as _, stream};
use jiff::SignedDuration;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often somebody looks whether a night has come.
const POLL: Duration = Duration::from_secs(5);
/// Practices that are worked on at once.
const AT_ONCE: usize = 4;
/// After that a night that is not done is anybody's.
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

/// Runs what is due now, and answers how many nights that were.
///
/// # Errors
/// The database failed. A night's own failure is logged, and the night is due again later.
pub async fn automate_due(billing: &Billing) -> Result<usize> {
    let now = billing.clock.now();
    let lease_end = now.saturating_add(LEASE).unwrap_or(now);
    let limit = i64::try_from(AT_ONCE).unwrap_or(1);
    let mut tx = pg::begin_any(&billing.db).await?;
    let due = store::automation_queue::claim(&mut tx, (now, lease_end), limit).await?;
    tx.commit().await?;
    let count = due.len();
    stream::iter(due)
        .for_each_concurrent(AT_ONCE, |due| run(billing, due))
        .await;
    Ok(count)
}

async fn run(billing: &Billing, due: DueRun) {
    let caller = Caller::worker("billing");
    if let Err(error) = Box::pin(run_automation(billing, &caller, due)).await {
        let DueRun { practice, run_date } = due;
        tracing::error!(%error, %practice, %run_date, "a night is not done; it is due again in minutes");
    }
}
