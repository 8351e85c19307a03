use crate::store::client_rates::ClientRate;
use crate::store::sliding_scales::Assignment;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};

/// What was agreed with a client: own prices, and places on the sliding scale. Errors: CLIENT_NOT_FOUND.
pub async fn list_client_rates(
    billing: &Billing,
    caller: &Caller,
    practice_id: PracticeId,
    client: ClientId,
) -> Result<(Vec<ClientRate>, Vec<Assignment>)> {
    caller.within(practice_id)?;
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    store::people::require_client(&mut tx, practice_id, client).await?;
    let tenant = (practice_id, practice.currency);
    Ok((
        store::client_rates::list(&mut tx, tenant, client).await?,
        store::sliding_scales::assignments(&mut tx, practice_id, client).await?,
    ))
}
