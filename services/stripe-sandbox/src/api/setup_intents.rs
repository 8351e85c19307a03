use super::paging::Page;
use super::payment_intents::read_method_types;
use super::{Answer, mandates};
use crate::book::Act;
use crate::book::rows::Setup;
use crate::book::setups::{self, NewSetup, SetupChange};
use crate::error::ApiError;
use crate::params::{ParamError, Params};
use crate::shape;

const USAGES: &[&str] = &["off_session", "on_session"];
const CANCELLATION_REASONS: &[&str] = &["abandoned", "duplicate", "requested_by_customer"];

/// `POST /v1/setup_intents`
pub fn create(act: &mut Act<'_>, mut params: Params) -> Answer {
    let change = read_change(&mut params)?;
    let confirm = params.boolean("confirm")?.unwrap_or(false);
    let (method_types, automatic_redirects) = read_method_types(&mut params)?;
    let usage = params.one_of("usage", USAGES)?.unwrap_or("off_session");
    let return_url = params.text("return_url")?;
    params.boolean("use_stripe_sdk")?;
    mandates::read(&mut params)?;
    params.finish()?;
    if !confirm && return_url.is_some() {
        return Err(
            ApiError::malformed("You cannot set return_url when confirm is not true.")
                .param("return_url"),
        );
    }
    let new = NewSetup {
        change,
        method_types,
        automatic_redirects,
        return_url,
        usage: usage.to_owned(),
    };
    let setup = setups::create(act, new)?;
    let setup = if confirm {
        setups::confirm(act, &setup.id, None, None)?
    } else {
        setup
    };
    Ok(show(act, &setup))
}

/// `GET /v1/setup_intents/:id`
pub fn retrieve(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let secret = params.text("client_secret")?;
    params.finish()?;
    let setup = setups::existing(act, id)?;
    check_secret(secret.as_deref(), &setup)?;
    Ok(show(act, &setup))
}

/// `POST /v1/setup_intents/:id`
pub fn update(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let change = read_change(&mut params)?;
    params.finish()?;
    let setup = setups::update(act, id, change)?;
    Ok(show(act, &setup))
}

/// `POST /v1/setup_intents/:id/confirm`
pub fn confirm(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let method = params.text("payment_method")?;
    let return_url = params.text("return_url")?;
    let secret = params.text("client_secret")?;
    params.boolean("use_stripe_sdk")?;
    mandates::read(&mut params)?;
    params.finish()?;
    check_secret(secret.as_deref(), &setups::existing(act, id)?)?;
    let setup = setups::confirm(act, id, method, return_url)?;
    Ok(show(act, &setup))
}

/// `POST /v1/setup_intents/:id/cancel`
pub fn cancel(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let reason = params.one_of("cancellation_reason", CANCELLATION_REASONS)?;
    params.finish()?;
    let setup = setups::cancel(act, id, reason)?;
    Ok(show(act, &setup))
}

/// `POST /v1/setup_intents/:id/verify_microdeposits`
pub fn verify_microdeposits(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let secret = params.text("client_secret")?;
    let code = params.text("descriptor_code")?;
    let mut amounts = Vec::new();
    for text in params.list("amounts")? {
        let amount = text.parse().map_err(|_| ParamError::NotInteger {
            name: "amounts".to_owned(),
            value: text,
        })?;
        amounts.push(amount);
    }
    params.finish()?;
    if amounts.is_empty() && code.is_none() {
        return Err(ParamError::Missing("amounts".to_owned()).into());
    }
    check_secret(secret.as_deref(), &setups::existing(act, id)?)?;
    let setup = setups::verify(act, id, &amounts, code.as_deref())?;
    Ok(show(act, &setup))
}

/// `GET /v1/setup_intents`
pub fn list(act: &mut Act<'_>, mut params: Params) -> Answer {
    let page = Page::read(&mut params)?;
    let customer = params.text("customer")?;
    let method = params.text("payment_method")?;
    params.finish()?;
    let act = &*act;
    page.of(
        "/v1/setup_intents",
        &act.book.setups,
        |setup| {
            (customer.is_none() || customer == setup.customer)
                && (method.is_none() || method == setup.method)
        },
        |setup| show(act, setup),
    )
}

fn show(act: &Act<'_>, setup: &Setup) -> serde_json::Value {
    shape::setup(act.book, act.base_url, setup)
}

fn check_secret(given: Option<&str>, setup: &Setup) -> Result<(), ApiError> {
    if given.is_some_and(|given| given != setup.client_secret) {
        let message = "The client_secret provided does not match the client_secret associated with \
            the SetupIntent.";
        return Err(ApiError::invalid(message).param("client_secret"));
    }
    Ok(())
}

fn read_change(params: &mut Params) -> Result<SetupChange, ApiError> {
    Ok(SetupChange {
        customer: params.text("customer")?,
        method: params.text("payment_method")?,
        description: params.edit("description")?,
        metadata: params.metadata()?,
    })
}
