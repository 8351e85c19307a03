//! Nights of AutoPay are run here as they come. Any number of replicas may do it: one takes a practice's night, and another
//! takes it over when the first has died.

use crate::store::autopay_queue::DueNight;
use crate::{Payments, Result, ops, store};
use ::rpc::Caller;
use futures::{StreamExt as _, stream};
use std::time::Duration;

/// How often somebody looks whether a night has come, unless payments looks more often for everything.
const POLL: Duration = Duration::from_secs(5);
/// Practices that are worked on at once.
const AT_ONCE: usize = 4;

/// Runs nights, as long as it runs.
pub async fn run_nights(payments: Payments) {
    loop {
        match run_nights_due(&payments).await {
            Ok(0) => tokio::time::sleep(POLL.min(payments.timing.poll())).await,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "no nights of AutoPay could be taken");
                tokio::time::sleep(POLL).await;
            }
        }
    }
}

/// Runs what is due now, and answers how many nights that were.
///
/// # Errors
/// The database failed. A night's own failure is logged, and the night is due again later.
pub async fn run_nights_due(payments: &Payments) -> Result<usize> {
    let now = payments.clock.now();
    let limit = i64::try_from(AT_ONCE).unwrap_or(1);
    let mut tx = pg::begin_any(&payments.db).await?;
    let until = ops::lease_end(now);
    let due = store::autopay_queue::claim(&mut tx, (now, until), limit).await?;
    tx.commit().await?;
    let count = due.len();
    stream::iter(due)
        .for_each_concurrent(AT_ONCE, |due| run(payments, due))
        .await;
    Ok(count)
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
