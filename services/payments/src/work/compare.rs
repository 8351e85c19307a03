//! Nights that compare the processor's books with ours, oldest day first. Any number of replicas may run it.

use super::{AT_ONCE, BATCH};
use crate::store::comparisons::Night;
use crate::{Payments, Result, ops, store};
use ::rpc::Caller;
use futures::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

/// A day that could not be compared is tried again after it.
const RETRY: SignedDuration = SignedDuration::from_mins(10);
/// Longer than a day's comparison may take.
const LEASE: SignedDuration = SignedDuration::from_mins(30);

/// Compares whatever is due, as long as it runs.
pub async fn compare(payments: Payments) {
    loop {
        match compare_due(&payments).await {
            Ok(count) if count > 0 => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the nights could not be looked at"),
        }
        tokio::time::sleep(payments.timing.poll()).await;
    }
}

/// Compares a day of each practice that is due, and answers how many that were.
///
/// # Errors
/// The database failed. A practice's own failure is logged, and it is due again later.
pub async fn compare_due(payments: &Payments) -> Result<usize> {
    let nights = claim(payments).await?;
    let count = nights.len();
    stream::iter(nights)
        .for_each_concurrent(AT_ONCE, |night| async move {
            if let Err(error) = one(payments, night).await {
                tracing::warn!(practice = %night.practice, %error, "a day is not compared yet");
            }
        })
        .await;
    Ok(count)
}

async fn claim(payments: &Payments) -> Result<Vec<Night>> {
    let now = payments.clock.now();
    let mut tx = pg::begin_any(&payments.db).await?;
    let nights = store::comparisons::claim_due(&mut tx, now, after(now, LEASE), BATCH).await?;
    tx.commit().await?;
    Ok(nights)
}

async fn one(payments: &Payments, night: Night) -> Result<()> {
    let outcome = ops::compare_day(payments, &Caller::worker("payments"), night).await;
    if outcome.is_err() {
        let due = after(payments.clock.now(), RETRY);
        let mut tx = pg::begin_any(&payments.db).await?;
        store::comparisons::postpone(&mut tx, night.practice, due).await?;
        tx.commit().await?;
    }
    outcome
}

fn after(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}
