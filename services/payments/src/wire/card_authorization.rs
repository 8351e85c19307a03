//! Card authorization forms, as payments' contract has them.

use super::method::contact;
use crate::Result;
use crate::domain::card_form::{AuthorizationState, CardPolicy};
use crate::ops::SignCardAuthorization;
use crate::store::authorizations::{Authorization, AuthorizationFilter, Signature};
use crate::store::card_policies::Form;
use ::rpc::{parse, wire};
use ids::PracticeId;
use proto::payments::v1 as contract;

/// What is signed. Errors: INVALID_FIELD.
pub fn sign(
    practice: PracticeId,
    asked: contract::SignCardAuthorizationRequest,
    user_agent: String,
) -> Result<SignCardAuthorization> {
    Ok(SignCardAuthorization {
        practice,
        authorization: parse(&asked.authorization_id, "authorization_id")?,
        signer_name: asked.signer_name.trim().to_owned(),
        form_version: asked.form_version,
        method: parse(&asked.method_id, "method_id")?,
        user_agent,
    })
}

/// What a list is to show. Errors: INVALID_FIELD.
pub fn filter(asked: &contract::ListCardAuthorizationsRequest) -> Result<AuthorizationFilter> {
    let state = match asked.state() {
        contract::CardAuthorizationState::Unspecified => None,
        contract::CardAuthorizationState::Requested => Some(AuthorizationState::Requested),
        contract::CardAuthorizationState::Signed => Some(AuthorizationState::Signed),
        contract::CardAuthorizationState::Revoked => Some(AuthorizationState::Revoked),
    };
    Ok(AuthorizationFilter {
        client: parse::optional(&asked.client_id, "client_id")?,
        payer: None,
        state,
    })
}

/// What the practice wants, and its text; empty when that stays. Errors: INVALID_FIELD.
pub fn policy(asked: &contract::SetCardOnFilePolicyRequest) -> Result<(CardPolicy, String)> {
    let payers = asked.exempt_payer_ids.iter().enumerate();
    let payers = payers.map(|(at, payer)| parse(payer, &format!("exempt_payer_ids[{at}]")));
    let policy = CardPolicy {
        ask_at_intake: asked.ask_at_intake,
        exempt_payers: payers.collect::<Result<_, _>>()?,
        remind_after_days: asked.remind_after_days,
        reminders_max: asked.reminders_max,
    };
    Ok((policy, asked.form_text.trim().to_owned()))
}

/// As the API shows it.
pub fn shown_policy((policy, text): &(CardPolicy, Form)) -> contract::CardOnFilePolicy {
    let payers = policy.exempt_payers.iter();
    contract::CardOnFilePolicy {
        ask_at_intake: policy.ask_at_intake,
        exempt_payer_ids: payers.map(ToString::to_string).collect(),
        remind_after_days: policy.remind_after_days,
        reminders_max: policy.reminders_max,
        form: Some(form(text)),
    }
}

/// As the API shows it.
pub fn form(form: &Form) -> contract::CardForm {
    contract::CardForm {
        version: form.version,
        text: form.text.clone(),
    }
}

/// As the API shows it.
pub fn authorization(form: &Authorization) -> contract::CardAuthorization {
    let state = match form.state {
        AuthorizationState::Requested => contract::CardAuthorizationState::Requested,
        AuthorizationState::Signed => contract::CardAuthorizationState::Signed,
        AuthorizationState::Revoked => contract::CardAuthorizationState::Revoked,
    };
    contract::CardAuthorization {
        authorization_id: form.authorization.to_string(),
        client_id: form.client.to_string(),
        contact_id: contact(form.payer),
        state: state.into(),
        by_itself: form.by_itself,
        new_account: form.new_account,
        reminders: form.reminders,
        request_time: Some(wire::time(form.request_time)),
        remind_time: form.remind_time.map(wire::time),
        revoke_time: form.revoke_time.map(wire::time),
        signature: form.signature.as_ref().map(signature),
    }
}

fn signature(signed: &Signature) -> contract::CardSignature {
    contract::CardSignature {
        signer_name: signed.signer_name.clone(),
        form_version: signed.form_version,
        form_text: signed.form_text.clone(),
        method_id: signed.method.to_string(),
        method_text: signed.method_text.clone(),
        signer_address: signed.signer_address.clone(),
        signer_user_agent: signed.signer_user_agent.clone(),
        sign_time: Some(wire::time(signed.sign_time)),
    }
}
