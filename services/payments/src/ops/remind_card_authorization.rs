use super::ask_for_card;
use crate::domain::card_form::AuthorizationState;
use crate::store::authorizations::Authorization;
use crate::{Error, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{AuthorizationId, PracticeId};
use pg::RequestKey;

/// Asks again. Errors: as CardAuthorizationService.RemindCardAuthorization says.
pub async fn remind_card_authorization(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice, id): (PracticeId, AuthorizationId),
) -> Result<Authorization> {
    caller.within(practice)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let before = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await?;
    let form = store::authorizations::lock(&mut tx, practice, id).await?;
    if before.is_some() {
        return Ok(form);
    }
    if form.state != AuthorizationState::Requested {
        return Err(Error::AuthorizationNotOpen(id));
    }
    let reminded = ask_for_card::remind(&mut tx, payments, practice, form).await?;
    tx.commit().await?;
    Ok(reminded)
}

/// Asks again because its time has come: the worker's turn. One that was signed or revoked meanwhile, was asked for often
/// enough, or whose client is exempt by now, is left alone.
pub async fn remind_by_itself(
    payments: &Payments,
    caller: &Caller,
    (practice, id): (PracticeId, AuthorizationId),
) -> Result<()> {
    caller.within(practice)?;
    let mut tx = pg::begin(&payments.db, practice).await?;
    let form = store::authorizations::lock(&mut tx, practice, id).await?;
    let policy = store::card_policies::get(&mut tx, practice).await?;
    let exempt = store::card_policies::is_exempt(&mut tx, practice, form.client).await?;
    let open = form.state == AuthorizationState::Requested;
    if open && !exempt && form.reminders < policy.reminders_max {
        ask_for_card::remind(&mut tx, payments, practice, form).await?;
    } else {
        store::authorization_queue::delete(&mut tx, id.uuid()).await?;
    }
    Ok(tx.commit().await?)
}
