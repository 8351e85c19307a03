use super::place_hold::end;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{PaymentId, PracticeId};
use jiff::Timestamp;

/// Lets a payment's hold last longer; when it ends, none when it has ended. Errors: INVALID_FIELD.
pub async fn extend_hold(
    billing: &Billing,
    caller: &Caller,
    (practice, payment): (PracticeId, PaymentId),
    expire_time: Timestamp,
) -> Result<Option<Timestamp>> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let expire_time = end(now, Some(expire_time))?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    let ends = store::holds::extend(&mut tx, practice, payment, (now, expire_time)).await?;
    tx.commit().await?;
    Ok(ends)
}
