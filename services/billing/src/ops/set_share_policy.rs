use crate::domain::sharing::SharePolicy;
use crate::{Billing, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::RequestKey;

/// Sets how the practice shares the bills that it issues from now on.
pub async fn set_share_policy(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    practice: PracticeId,
    policy: SharePolicy,
) -> Result<SharePolicy> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    let subject = practice.uuid();
    if REQUESTS
        .replayed(&mut tx, key, subject, now)
        .await?
        .is_some()
    {
        return store::share_policies::get(&mut tx, practice).await;
    }
    store::share_policies::upsert(&mut tx, practice, &policy, now).await?;
    tx.commit().await?;
    Ok(policy)
}
