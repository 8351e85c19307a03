use crate::domain::people::{Client, Contact, Policy};
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};

/// A client and who belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownClient {
    /// The client.
    pub client: Client,
    /// Oldest first.
    pub contacts: Vec<Contact>,
    /// Oldest first.
    pub policies: Vec<Policy>,
}

/// Reads a client with contacts and policies. Errors: CLIENT_NOT_FOUND.
pub async fn get_client(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    client: ClientId,
) -> Result<ShownClient> {
    caller.within(practice)?;
    caller.sees_client(client)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    Ok(ShownClient {
        client: store::clients::get(&mut tx, practice, client).await?,
        contacts: store::contacts::list(&mut tx, practice, client).await?,
        policies: store::policies::list(&mut tx, practice, client).await?,
    })
}
