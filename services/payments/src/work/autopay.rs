//! Nights of AutoPay are run here as they come. Any number of replicas may do it: one takes a practice's night, and another
//! takes it over when the first has died.

use crate::store::autopay_queue::DueNight;
use crate::{Payments, Result, ops, store};
use ::rpc::Caller;
use futures::future::join_all;
use std::time::Duration;

/// How often somebody looks whether a night has come, unless payments looks more often for everything.
const POLL: Duration = Duration::from_secs(5);
/// Practices that are worked on at once. Each night that ends makes room for another: a long one holds up nobody else's.
const AT_ONCE: usize = 4;

/// Runs nights, as long as it runs.
pub async fn run_nights(payments: Payments) {
    join_all((0..AT_ONCE).map(|_| run_one_after_the_other(&payments))).await;
}

async fn run_one_after_the_other(payments: &Payments) {
    loop {
        let taken = take(payments, 1).await;
        let due = taken.unwrap_or_else(|error| {
            tracing::warn!(%error, "no nights of AutoPay could be taken");
            Vec::new()
        });
        if due.is_empty() {
            tokio::time::sleep(POLL.min(payments.timing.poll())).await;
        }
        for night in due {
            run(payments, night).await;
        }
    }
}

/// Runs what is due now, at most 4 nights, and answers how many that were.
///
/// # Errors
/// The database failed. A night's own failure is logged, and the night is due again later.
pub async fn run_nights_due(payments: &Payments) -> Result<usize> {
    let due = take(payments, AT_ONCE).await?;
    let count = due.len();
    join_all(due.into_iter().map(|night| run(payments, night))).await;
    Ok(count)
}

/// Leases at most `limit` nights that are due.
async fn take(payments: &Payments, limit: usize) -> Result<Vec<DueNight>> {
    let now = payments.clock.now();
    let limit = i64::try_from(limit).unwrap_or(1);
    let mut tx = pg::begin_any(&payments.db).await?;
    let until = ops::lease_end(now);
    let due = store::autopay_queue::claim(&mut tx, (now, until), limit).await?;
    tx.commit().await?;
    Ok(due)
}

async fn run(payments: &Payments, due: DueNight) {
    let caller = Caller::worker("payments");
    if let Err(error) = Box::pin(ops::run_auto_pay(payments, &caller, due)).await {
        let DueNight {
            practice, run_date, ..
        } = due;
        tracing::error!(%error, %practice, %run_date, "a night of AutoPay is not done; it is due again in minutes");
    }
}
