use crate::domain::people::{Contact, Person};
use crate::{Billing, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{ClientId, ContactId, PracticeId};
use pg::RequestKey;

/// Another person, as they are to be attached to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddContact {
    /// The practice.
    pub practice: PracticeId,
    /// To whom.
    pub client: ClientId,
    /// Name and addresses.
    pub person: Person,
    /// In the practice's words.
    pub relationship: String,
    /// Gets the client's bills from now on.
    pub billing_contact: bool,
}

/// Attaches a contact to a client. Errors: CLIENT_NOT_FOUND.
pub async fn add_contact(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: AddContact,
) -> Result<Contact> {
    let (practice, client) = (asked.practice, asked.client);
    caller.within(practice)?;
    let now = billing.clock.now();
    let id = ContactId::new(&billing.clock);
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return store::contacts::get(&mut tx, practice, client, first.into()).await;
    }
    store::people::keep_client(&mut tx, practice, client).await?;
    let contact = Contact {
        contact: id,
        client,
        person: asked.person,
        relationship: asked.relationship,
        billing_contact: asked.billing_contact,
    };
    store::contacts::insert(&mut tx, practice, &contact, now).await?;
    if contact.billing_contact {
        store::clients::update_billing_contact(&mut tx, practice, client, id).await?;
        store::share_schedules::unblock(&mut tx, practice, &[client]).await?;
    }
    tx.commit().await?;
    Ok(contact)
}
