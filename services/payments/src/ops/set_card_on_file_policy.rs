use crate::domain::card_form::CardPolicy;
use crate::store::card_policies::Form;
use crate::{Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};
use pg::RequestKey;

/// Says how the practice keeps cards on file; a text that differs from the one that counts is a new version. Errors: as
/// CardAuthorizationService.SetCardOnFilePolicy says.
pub async fn set_card_on_file_policy(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice, policy, text): (PracticeId, CardPolicy, String),
) -> Result<(CardPolicy, Form)> {
    caller.within(practice)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let before = REQUESTS
        .replayed(&mut tx, key, practice.uuid(), now)
        .await?;
    if before.is_none() {
        // Its row makes versions one after the other.
        store::card_policies::upsert(&mut tx, practice, &policy, now).await?;
        let form = store::card_policies::form(&mut tx, practice).await?;
        if !text.is_empty() && text != form.text {
            let next = Form {
                version: form.version.saturating_add(1),
                text,
            };
            store::card_policies::insert_form(&mut tx, practice, &next, now).await?;
        }
    }
    let set = store::card_policies::get(&mut tx, practice).await?;
    let form = store::card_policies::form(&mut tx, practice).await?;
    tx.commit().await?;
    Ok((set, form))
}

/// Says whether a client is never asked for a card. Errors: CLIENT_NOT_FOUND, `Billing`.
pub async fn set_card_on_file_exemption(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice, client, exempt): (PracticeId, ClientId, bool),
) -> Result<bool> {
    caller.within(practice)?;
    payments.billing.get_people(practice, client).await?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let before = REQUESTS.replayed(&mut tx, key, client.uuid(), now).await?;
    if before.is_none() {
        store::card_policies::upsert_exemption(&mut tx, practice, (client, exempt), now).await?;
    }
    let set = store::card_policies::is_exempt(&mut tx, practice, client).await?;
    tx.commit().await?;
    Ok(set)
}
