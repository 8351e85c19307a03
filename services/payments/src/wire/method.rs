//! Methods on file, as payments' contract has them.

use crate::Result;
use crate::domain::method::{bank_text, card_text};
use crate::domain::on_file::{Funding, MethodKind, MethodState, ZipCheck};
use crate::domain::payer::Payer;
use crate::domain::setup::SetupState;
use crate::ops::{SetUpMethod, ShownSetup};
use crate::store::methods::Method;
use ::rpc::{parse, wire};
use ids::{ClientId, ContactId, PracticeId};
use proto::payments::v1 as contract;
use secrecy::ExposeSecret as _;

/// What is to be put on file. Errors: INVALID_FIELD.
pub fn set_up_method(
    practice: PracticeId,
    asked: &contract::SetUpMethodRequest,
) -> Result<SetUpMethod> {
    let client: ClientId = parse(&asked.client_id, "client_id")?;
    Ok(SetUpMethod {
        practice,
        client,
        payer: payer(client, &asked.contact_id)?,
        make_default: asked.make_default,
        hsa_fsa: asked.hsa_fsa,
        replaces: None,
    })
}

/// The client, or the contact when one is named. Errors: INVALID_FIELD.
pub fn payer(client: ClientId, contact: &str) -> Result<Payer> {
    let contact: Option<ContactId> = parse::optional(contact, "contact_id")?;
    Ok(contact.map_or(Payer::Client(client), Payer::Contact))
}

/// As the API shows it.
pub fn setup(shown: &ShownSetup) -> contract::MethodSetup {
    let setup = &shown.setup;
    let state = match setup.state {
        SetupState::Created => contract::MethodSetupState::Created,
        SetupState::Waiting => contract::MethodSetupState::Waiting,
        SetupState::RequiresAction => contract::MethodSetupState::RequiresAction,
        SetupState::Processing => contract::MethodSetupState::Processing,
        SetupState::Succeeded => contract::MethodSetupState::Succeeded,
        SetupState::Failed => contract::MethodSetupState::Failed,
        SetupState::Cancelled => contract::MethodSetupState::Cancelled,
    };
    let secret = shown
        .client_secret
        .as_ref()
        .map(|secret| secret.expose_secret().to_owned());
    contract::MethodSetup {
        setup_id: setup.setup.to_string(),
        client_id: setup.client.to_string(),
        contact_id: contact(setup.payer),
        state: state.into(),
        client_secret: secret.unwrap_or_default(),
        decline_reason: super::payment::decline_reason(setup.decline).into(),
        method: shown.method.as_ref().map(method),
        create_time: Some(wire::time(setup.create_time)),
        processor_account: setup.account.clone().unwrap_or_default(),
    }
}

/// As the API shows it.
pub fn method(method: &Method) -> contract::Method {
    let kind = match method.kind {
        MethodKind::Card => contract::MethodKind::Card,
        MethodKind::BankAccount => contract::MethodKind::BankAccount,
    };
    let funding = match method.funding {
        Funding::Credit => contract::CardFunding::Credit,
        Funding::Debit => contract::CardFunding::Debit,
        Funding::Prepaid => contract::CardFunding::Prepaid,
        Funding::Unknown => contract::CardFunding::Unspecified,
    };
    let zip_check = match method.zip_check {
        ZipCheck::Pass => contract::ZipCheck::Pass,
        ZipCheck::Fail => contract::ZipCheck::Fail,
        ZipCheck::Unavailable => contract::ZipCheck::Unavailable,
        ZipCheck::Unchecked => contract::ZipCheck::Unchecked,
    };
    let expiry = method.expiry;
    contract::Method {
        method_id: method.method.to_string(),
        client_id: method.client.to_string(),
        contact_id: contact(method.payer),
        kind: kind.into(),
        brand: method.brand.clone(),
        last4: method.last4.clone(),
        exp_month: expiry.map_or(0, |expiry| expiry.month.into()),
        exp_year: expiry.map_or(0, |expiry| expiry.year.into()),
        funding: funding.into(),
        hsa_fsa: method.hsa_fsa,
        zip_check: zip_check.into(),
        state: state(method.state).into(),
        is_default: method.is_default,
        authorized: method.authorization.is_some(),
        method_text: text(method),
        replaced_by_id: method
            .replaced_by
            .map(|id| id.to_string())
            .unwrap_or_default(),
        create_time: Some(wire::time(method.create_time)),
        former_account: method.former,
    }
}

/// As the API names it.
pub fn state(state: MethodState) -> contract::MethodState {
    match state {
        MethodState::Active => contract::MethodState::Active,
        MethodState::Expired => contract::MethodState::Expired,
        MethodState::Removed => contract::MethodState::Removed,
    }
}

/// As it is printed.
pub fn text(method: &Method) -> String {
    match method.kind {
        MethodKind::Card => card_text(&method.brand, &method.last4),
        MethodKind::BankAccount => bank_text(&method.brand, &method.last4),
    }
}

/// The contact's id; empty when the client pays.
pub fn contact(payer: Payer) -> String {
    payer.contact().map(|id| id.to_string()).unwrap_or_default()
}
