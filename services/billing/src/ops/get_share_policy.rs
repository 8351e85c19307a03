use crate::domain::sharing::SharePolicy;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};

/// The practice's policy, and a client's own when one is asked for and has one. Errors: CLIENT_NOT_FOUND.
pub async fn get_share_policy(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    client: Option<ClientId>,
) -> Result<(SharePolicy, Option<SharePolicy>)> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    let policy = store::share_policies::get(&mut tx, practice).await?;
    let Some(client) = client else {
        return Ok((policy, None));
    };
    store::people::require_client(&mut tx, practice, client).await?;
    let own = store::share_policies::of_clients(&mut tx, practice, &[client]).await?;
    Ok((policy, own.into_iter().map(|(_, own)| own).next()))
}
