use crate::store::sliding_scales::Tier;
use crate::{Billing, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::RequestKey;

/// Replaces the practice's sliding scale. Errors: as FeeService.SetSlidingScale says.
pub async fn set_sliding_scale(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice, tiers): (PracticeId, Vec<Tier>),
) -> Result<Vec<Tier>> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    let replayed = REQUESTS
        .replayed(&mut tx, key, practice.uuid(), now)
        .await?;
    if replayed.is_some() {
        return store::sliding_scales::list(&mut tx, practice).await;
    }
    let known = store::practices::get(&mut tx, practice).await?;
    let today = known.local_date(now)?;

    store::sliding_scales::replace(&mut tx, practice, (&tiers, today)).await?;
    tx.commit().await?;
    Ok(tiers)
}
