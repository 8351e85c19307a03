use super::payers;
use crate::domain::card_form::AuthorizationState;
use crate::domain::on_file::MethodState;
use crate::store::authorizations::{Authorization, Signature};
use crate::store::methods::Method;
use crate::wire::{event, method};
use crate::{Error, Missing, OUTBOX, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{AuthorizationId, MethodId, PracticeId};
use pg::RequestKey;

/// What a payer signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignCardAuthorization {
    /// The practice.
    pub practice: PracticeId,
    /// The form.
    pub authorization: AuthorizationId,
    /// As typed.
    pub signer_name: String,
    /// The text that the signer read.
    pub form_version: i32,
    /// What may be charged; the signer's own.
    pub method: MethodId,
    /// The program that the signer used, as it names itself.
    pub user_agent: String,
}

/// Keeps a signature: who, when, from where, by which text. The method is authorized from then on. Errors: as
/// CardAuthorizationService.SignCardAuthorization says.
pub async fn sign_card_authorization(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: SignCardAuthorization,
) -> Result<Authorization> {
    let (practice, id) = (asked.practice, asked.authorization);
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
    let card = store::methods::lock(&mut tx, practice, asked.method).await?;
    let form = store::authorizations::lock(&mut tx, practice, id).await?;
    let text = store::card_policies::form(&mut tx, practice).await?;
    if form.state != AuthorizationState::Requested {
        return Err(Error::AuthorizationNotOpen(id));
    }
    if card.payer != form.payer {
        return Err(Error::Missing(Missing::Method(asked.method)));
    }
    if card.state == MethodState::Removed {
        return Err(Error::MethodRemoved(asked.method));
    }
    if text.version != asked.form_version {
        return Err(Error::FormChanged(text.version));
    }
    let signature = Signature {
        signer_name: asked.signer_name,
        form_version: text.version,
        form_text: text.text,
        method: card.method,
        method_text: method::text(&card),
        signer_address: caller.address.map_or_else(String::new, |at| at.to_string()),
        signer_user_agent: asked.user_agent,
        sign_time: now,
    };
    let signed = Authorization {
        state: AuthorizationState::Signed,
        signature: Some(signature.clone()),
        ..form
    };
    store::authorizations::insert_signature(&mut tx, practice, (id, &signature)).await?;
    store::authorizations::update(&mut tx, practice, &signed).await?;
    let card = Method {
        authorization: Some(id),
        ..card
    };
    store::methods::update(&mut tx, practice, &card, now).await?;
    store::authorizations::update_revoked(&mut tx, practice, card.method, false).await?;
    store::authorization_queue::delete(&mut tx, id.uuid()).await?;
    let events = [event::card_authorization_signed(
        &payments.clock,
        &signed,
        &signature,
    )];
    OUTBOX.append(&mut tx, practice, now, &events).await?;
    tx.commit().await?;
    Ok(signed)
}
