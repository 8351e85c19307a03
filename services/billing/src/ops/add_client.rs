use crate::domain::people::{Client, Person};
use crate::wire::event;
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{ClientId, PracticeId};
use jiff::civil::Date;
use pg::{OnConstraint as _, RequestKey};

/// The person treated, as they are to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddClient {
    /// The practice.
    pub practice: PracticeId,
    /// Name and addresses.
    pub person: Person,
    /// Day of birth, when known.
    pub birth_date: Option<Date>,
    /// The caller's own id for it.
    pub external_reference: Option<String>,
}

/// Adds a client. Errors: EXTERNAL_REFERENCE_TAKEN, INVALID_FIELD.
pub async fn add_client(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: AddClient,
) -> Result<Client> {
    let practice_id = asked.practice;
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let id = ClientId::new(&billing.clock);
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return store::clients::get(&mut tx, practice_id, first.into()).await;
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let today = practice.local_date(now)?;
    if asked.birth_date.is_some_and(|born| born > today) {
        return Err(Invalid::new("client.birth_date", "must not be after today").into());
    }
    let client = Client {
        client: id,
        person: asked.person,
        birth_date: asked.birth_date,
        external_reference: asked.external_reference,
        billing_contact: None,
        create_time: now,
    };
    store::clients::insert(&mut tx, practice_id, &client)
        .await
        .on_constraint("clients_external_reference_key", || {
            Error::ExternalReferenceTaken
        })?;
    let added = event::of(&billing.clock, &event::client_added(id));
    OUTBOX.append(&mut tx, practice_id, now, &[added]).await?;
    tx.commit().await?;
    Ok(client)
}
