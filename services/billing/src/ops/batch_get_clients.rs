use crate::domain::people::{Client, Contact};
use crate::{Billing, Error, Missing, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};
use std::collections::BTreeMap;

/// A client, and the contacts, oldest first.
pub type ClientPeople = (Client, Vec<Contact>);

/// Reads clients with their contacts, in the order in which they are asked for; all or none. Errors: CLIENT_NOT_FOUND.
pub async fn batch_get_clients(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    clients: &[ClientId],
) -> Result<Vec<ClientPeople>> {
    caller.within(practice)?;
    for client in clients {
        caller.sees_client(*client)?;
    }
    let mut tx = pg::begin_planned(&billing.db, practice).await?;
    let found = store::clients::find_many(&mut tx, practice, clients).await?;
    let contacts = store::contacts::list_many(&mut tx, practice, &found).await?;
    tx.commit().await?;
    let mut contacts_of = BTreeMap::<ClientId, Vec<Contact>>::new();
    for contact in contacts {
        contacts_of.entry(contact.client).or_default().push(contact);
    }
    let found: BTreeMap<ClientId, Client> = found
        .into_iter()
        .map(|client| (client.client, client))
        .collect();
    let people = clients.iter().map(|id| {
        let client = found.get(id).cloned();
        let client = client.ok_or(Error::Missing(Missing::Client(*id)))?;
        Ok((client, contacts_of.get(id).cloned().unwrap_or_default()))
    });
    people.collect()
}
