use super::payers;
use crate::domain::card_form::AuthorizationState;
use crate::store::authorizations::Authorization;
use crate::store::methods::Method;
use crate::wire::event;
use crate::{Error, Missing, OUTBOX, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{AuthorizationId, PracticeId};
use pg::RequestKey;

/// Ends a form, signed or not; what was signed stays to be read, and what it allowed to charge is charged no more unless
/// the payer does it. Errors: as
/// CardAuthorizationService.RevokeCardAuthorization says.
pub async fn revoke_card_authorization(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice, id): (PracticeId, AuthorizationId),
) -> Result<Authorization> {
    caller.within(practice)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let before = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await?;
    let form = store::authorizations::get(&mut tx, practice, id).await?;
    payers::may(caller, practice, (form.payer, form.client))
        .map_err(|_| Error::Missing(Missing::Authorization(id)))?;
    if before.is_some() {
        return Ok(form);
    }
    // The payer's methods before the form, as signing does.
    for method in store::authorizations::list_methods(&mut tx, practice, id).await? {
        let card = store::methods::lock(&mut tx, practice, method).await?;
        let card = Method {
            authorization: card.authorization.filter(|by| *by != id),
            ..card
        };
        store::methods::update(&mut tx, practice, &card, now).await?;
        store::authorizations::update_revoked(&mut tx, practice, method, true).await?;
    }
    let form = store::authorizations::lock(&mut tx, practice, id).await?;
    if form.state == AuthorizationState::Revoked {
        return Err(Error::AuthorizationNotOpen(id));
    }
    let revoked = Authorization {
        state: AuthorizationState::Revoked,
        revoke_time: Some(now),
        ..form
    };
    store::authorizations::update(&mut tx, practice, &revoked).await?;
    store::authorization_queue::delete(&mut tx, id.uuid()).await?;
    let events = [event::card_authorization_revoked(&payments.clock, &revoked)];
    OUTBOX.append(&mut tx, practice, now, &events).await?;
    tx.commit().await?;
    Ok(revoked)
}
