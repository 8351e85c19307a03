//! Practices' days on which cards are looked at. Any number of replicas may run it.

use super::BATCH;
use crate::{Payments, Result, ops, store};
use ::rpc::Caller;
use jiff::Timestamp;

/// Looks at the cards of practices whose day has begun, as long as it runs.
pub async fn watch_expiry(payments: Payments) {
    loop {
        if let Err(error) = watch_expiry_due(&payments).await {
            tracing::warn!(%error, "the cards could not be looked at");
        }
        tokio::time::sleep(payments.timing.poll()).await;
    }
}

/// Looks at what is due, and answers how many practices that were.
///
/// # Errors
/// The database failed. A practice's own failure is logged, and it is due again when the lease ends.
pub async fn watch_expiry_due(payments: &Payments) -> Result<usize> {
    let now = payments.clock.now();
    let lease_end = now.saturating_add(payments.timing.lease());
    let lease_end = lease_end.unwrap_or(Timestamp::MAX);
    let mut tx = pg::begin_any(&payments.db).await?;
    let practices = store::expiry::claim_due(&mut tx, now, lease_end, BATCH).await?;
    tx.commit().await?;
    let caller = Caller::worker("payments");
    for practice in &practices {
        if let Err(error) = ops::watch_expiry(payments, &caller, *practice).await {
            tracing::warn!(%practice, %error, "a practice's cards were not looked at yet");
        }
    }
    Ok(practices.len())
}
