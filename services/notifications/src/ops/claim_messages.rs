use crate::store::queue::Claim;
use crate::{Notifications, Result, store};
use ::rpc::Caller;
use jiff::Timestamp;

/// Claims at most `limit` mails that are due, of any practice. A claimer that dies loses them at the end of its lease.
pub async fn claim_messages(
    notifications: &Notifications,
    caller: &Caller,
    limit: usize,
) -> Result<Vec<Claim>> {
    let now = notifications.clock.now();
    let lease_end_time = now
        .checked_add(notifications.delivery.lease())
        .unwrap_or(Timestamp::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut tx = pg::begin_any(&notifications.db).await?;
    let claims = store::queue::claim(&mut tx, now, lease_end_time, limit).await?;
    for claim in &claims {
        caller.within(claim.practice)?;
    }
    tx.commit().await?;
    Ok(claims)
}
