use crate::store::accounts::ClientBalance;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};

/// Reads what a client owes, holds as credit and waits for from insurers. Errors: CLIENT_NOT_FOUND.
pub async fn get_client_balance(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    client: ClientId,
) -> Result<ClientBalance> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    store::people::require_client(&mut tx, practice, client).await?;
    let currency = store::practices::get(&mut tx, practice).await?.currency;
    store::accounts::client_balance(&mut tx, practice, client, currency).await
}
