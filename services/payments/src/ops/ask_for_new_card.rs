use super::ask_for_card::{self, Occasion};
use crate::domain::card_form::AuthorizationState;
use crate::domain::payer::Payer;
use crate::store::authorizations::{Authorization, AuthorizationFilter};
use crate::store::methods::Whose;
use crate::store::new_cards::{NewCardRequest, NewCardState};
use crate::wire::billing::People;
use crate::{Error, Missing, Payments, Result, store};
use ::rpc::Caller;
use ids::{AuthorizationId, PracticeId};
use pg::Tx;
use uuid::Uuid;

/// Has whoever pays with what is on file with a former account be asked for another one, since the practice's payments are
/// made on `account` from now on. The caller commits.
pub(super) async fn plan(
    tx: &mut Tx,
    payments: &Payments,
    (practice, account): (PracticeId, &str),
) -> Result<()> {
    let now = payments.clock.now();
    let payers = store::new_cards::list_payers(tx, practice, account).await?;
    if payers.is_empty() {
        return Ok(());
    }
    let requests = payers.into_iter().map(|(payer, client)| {
        let id = AuthorizationId::new(&payments.clock).uuid();
        (id, payer, client)
    });
    let requests: Vec<_> = requests.collect();
    let written = store::new_cards::insert(tx, practice, (account, &requests), now).await?;
    store::authorization_queue::insert_new_cards(tx, practice, &written, now).await
}

/// Asks a payer for a card on the account of now: the worker's turn. One who has given one meanwhile, is not attached to the
/// client any more, or whose client is exempt, is not asked; one who was asked and has not signed yet is asked again.
/// Errors: `Billing`.
pub async fn ask_for_new_card(
    payments: &Payments,
    caller: &Caller,
    (practice, request): (PracticeId, Uuid),
) -> Result<()> {
    caller.within(practice)?;
    let people = people(payments, practice, request).await?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::authorization_queue::delete(&mut tx, request).await?;
    let asked = store::new_cards::lock(&mut tx, practice, request).await?;
    if let Some(asked) = asked.filter(|it| it.state == NewCardState::Waiting) {
        let became = ask(&mut tx, payments, practice, (&asked, people)).await?;
        store::new_cards::update(&mut tx, practice, request, became, now).await?;
    }
    Ok(tx.commit().await?)
}

/// Who belongs to the client now; none when the client is not there, or nobody is to be asked.
async fn people(
    payments: &Payments,
    practice: PracticeId,
    request: Uuid,
) -> Result<Option<People>> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    let asked = store::new_cards::lock(&mut tx, practice, request).await?;
    drop(tx);
    let Some(asked) = asked else { return Ok(None) };
    match payments.billing.get_people(practice, asked.client).await {
        Ok(people) => Ok(Some(people)),
        Err(Error::Missing(Missing::Client(_))) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn ask(
    tx: &mut Tx,
    payments: &Payments,
    practice: PracticeId,
    (asked, people): (&NewCardRequest, Option<People>),
) -> Result<(NewCardState, Option<AuthorizationId>)> {
    let (payer, client) = (asked.payer, asked.client);
    let attached = people.filter(|people| match payer {
        Payer::Client(_) => true,
        Payer::Contact(contact) => people.contacts.contains(&contact),
    });
    // Whoever puts a card on file holds it too: one that comes now is seen, or comes after the mail.
    store::customers::lock(tx, practice, payer).await?;
    let methods = store::methods::list(tx, practice, Whose::Payer(payer)).await?;
    let on_account = |account: Option<&str>| account == Some(&*asked.account);
    let given = methods.iter().any(|it| on_account(it.account.as_deref()));
    let connections = store::connections::list(tx, practice).await?;
    let used = connections.in_use().and_then(|it| it.account.as_deref());
    let Some(people) = attached.filter(|_| !given && on_account(used)) else {
        return Ok((NewCardState::Needless, None));
    };
    let policy = store::card_policies::get(tx, practice).await?;
    let by_name = store::card_policies::is_exempt(tx, practice, client).await?;
    if policy.exempts(by_name, &people.payers) {
        return Ok((NewCardState::Exempt, None));
    }
    let form = match open_form(tx, practice, payer).await? {
        Some(open) => {
            let open = Authorization {
                new_account: true,
                ..open
            };
            ask_for_card::remind(tx, payments, practice, open).await?
        }
        None => {
            let id = AuthorizationId::new(&payments.clock);
            let whom = (payer, client, Occasion::NewAccount);
            ask_for_card::ask(tx, payments, (practice, id), whom).await?
        }
    };
    Ok((NewCardState::Asked, Some(form.authorization)))
}

/// The form that the payer was asked by and has not signed yet, locked.
async fn open_form(
    tx: &mut Tx,
    practice: PracticeId,
    payer: Payer,
) -> Result<Option<Authorization>> {
    let filter = AuthorizationFilter {
        client: None,
        payer: Some(payer),
        state: Some(AuthorizationState::Requested),
    };
    let open = store::authorizations::list(tx, practice, &filter, (None, 1)).await?;
    let Some(open) = open.into_iter().next() else {
        return Ok(None);
    };
    let open = store::authorizations::lock(tx, practice, open.authorization).await?;
    Ok(Some(open).filter(|it| it.state == AuthorizationState::Requested))
}
