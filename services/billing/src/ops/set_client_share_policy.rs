use crate::domain::sharing::SharePolicy;
use crate::{Billing, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};
use pg::RequestKey;

/// Sets how a client's bills are shared from now on; with no policy, as the practice's are. Errors: CLIENT_NOT_FOUND.
pub async fn set_client_share_policy(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice, client): (PracticeId, ClientId),
    policy: Option<SharePolicy>,
) -> Result<Option<SharePolicy>> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    let subject = client.uuid();
    if REQUESTS
        .replayed(&mut tx, key, subject, now)
        .await?
        .is_some()
    {
        let own = store::share_policies::of_clients(&mut tx, practice, &[client]).await?;
        return Ok(own.into_iter().map(|(_, own)| own).next());
    }
    store::people::require_client(&mut tx, practice, client).await?;
    match &policy {
        Some(policy) => {
            let whose = (practice, client);
            store::share_policies::upsert_of_client(&mut tx, whose, policy, now).await?;
        }
        None => store::share_policies::delete_of_client(&mut tx, practice, client).await?,
    }
    tx.commit().await?;
    Ok(policy)
}
