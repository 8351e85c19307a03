use super::ask_for_card::{self, Occasion};
use crate::domain::card_form::AuthorizationState;
use crate::domain::payer::Payer;
use crate::store::authorizations::AuthorizationFilter;
use crate::{Error, Missing, Payments, Result, store};
use ::rpc::Caller;
use ids::{AuthorizationId, ClientId, PracticeId};

/// Asks whoever gets a new client's bills, when the practice wants that by itself: the worker's turn, a while after the
/// client came in, so that insurance and billing contact are known. Errors: `Billing`.
pub async fn ask_at_intake(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    client: ClientId,
) -> Result<()> {
    caller.within(practice)?;
    let people = match payments.billing.get_people(practice, client).await {
        Ok(people) => Some(people),
        Err(Error::Missing(Missing::Client(_))) => None,
        Err(error) => return Err(error),
    };
    let id = AuthorizationId::new(&payments.clock);
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::authorization_queue::delete(&mut tx, client.uuid()).await?;
    let policy = store::card_policies::get(&mut tx, practice).await?;
    let by_name = store::card_policies::is_exempt(&mut tx, practice, client).await?;
    let wanted = people
        .filter(|people| policy.ask_at_intake && !policy.exempts(by_name, &people.payers))
        .map(|people| {
            let contact = people.billing_contact;
            contact.map_or(Payer::Client(client), Payer::Contact)
        });
    if let Some(payer) = wanted {
        let filter = AuthorizationFilter {
            client: Some(client),
            payer: Some(payer),
            state: None,
        };
        let forms = store::authorizations::list(&mut tx, practice, &filter, (None, 20)).await?;
        let asked_or_signed = forms
            .iter()
            .any(|form| form.state != AuthorizationState::Revoked);
        if !asked_or_signed {
            let whom = (payer, client, Occasion::Intake);
            ask_for_card::ask(&mut tx, payments, (practice, id), whom).await?;
        }
    }
    Ok(tx.commit().await?)
}
