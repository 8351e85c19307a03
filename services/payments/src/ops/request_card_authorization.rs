use super::ask_for_card::{self, Occasion};
use super::payers;
use crate::domain::payer::Payer;
use crate::store::authorizations::Authorization;
use crate::{Error, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{AuthorizationId, ClientId, PracticeId};
use pg::RequestKey;

/// Asks a payer for a card and a signature. Errors: as CardAuthorizationService.RequestCardAuthorization says.
pub async fn request_card_authorization(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice, payer, client): (PracticeId, Payer, ClientId),
) -> Result<Authorization> {
    caller.within(practice)?;
    payers::may(caller, practice, (payer, client))?;
    let people = payments.billing.get_people(practice, client).await?;
    if let Payer::Contact(contact) = payer
        && !people.contacts.contains(&contact)
    {
        return Err(payers::not_found(payer));
    }
    let now = payments.clock.now();
    let id = AuthorizationId::new(&payments.clock);
    let mut tx = pg::begin(&payments.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return store::authorizations::get(&mut tx, practice, first.into()).await;
    }
    let policy = store::card_policies::get(&mut tx, practice).await?;
    let by_name = store::card_policies::is_exempt(&mut tx, practice, client).await?;
    if policy.exempts(by_name, &people.payers) {
        return Err(Error::CardOnFileExempt(client));
    }
    let whom = (payer, client, Occasion::ByHand);
    let asked = ask_for_card::ask(&mut tx, payments, (practice, id), whom).await?;
    tx.commit().await?;
    Ok(asked)
}
