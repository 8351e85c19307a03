use crate::store::accounts::ClientBalance;
use crate::{Billing, Error, Missing, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};
use money::Money;

/// Reads what a client owes, holds as credit and waits for from insurers, and what of it is on its way. Errors:
/// CLIENT_NOT_FOUND, also for another client than the caller's.
pub async fn get_client_balance(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    client: ClientId,
) -> Result<(ClientBalance, Money)> {
    caller.within(practice)?;
    caller
        .sees_client(client)
        .map_err(|_| Error::Missing(Missing::Client(client)))?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    store::people::require_client(&mut tx, practice, client).await?;
    let currency = store::practices::get(&mut tx, practice).await?.currency;
    let balance = store::accounts::client_balance(&mut tx, practice, client, currency).await?;
    let whose = (client, currency);
    let on_its_way = store::holds::held_of_client(&mut tx, practice, whose, now).await?;
    Ok((balance, on_its_way))
}
