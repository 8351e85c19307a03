use super::paging::Page;
use super::{Answer, mandates};
use crate::book::Act;
use crate::book::charges::{self, Confirmation};
use crate::book::intents::{self, IntentChange, NewIntent};
use crate::book::rows::Intent;
use crate::error::ApiError;
use crate::params::{Edit, ParamError, Params};
use crate::shape;

const KINDS: &[&str] = &["card", "us_bank_account"];
const FUTURE_USES: &[&str] = &["off_session", "on_session"];
const CANCELLATION_REASONS: &[&str] = &[
    "abandoned",
    "duplicate",
    "fraudulent",
    "requested_by_customer",
];

/// `POST /v1/payment_intents`
pub fn create(act: &mut Act<'_>, mut params: Params) -> Answer {
    let amount = params.required_integer("amount")?;
    let currency = params.required("currency")?.to_lowercase();
    let change = read_change(&mut params)?;
    let confirm = params.boolean("confirm")?.unwrap_or(false);
    let (method_types, automatic_redirects) = read_method_types(&mut params)?;
    check_fixed_choices(&mut params)?;
    let presence = read_presence(&mut params)?;
    let return_url = params.text("return_url")?;
    let mandate = mandates::read(&mut params)?;
    params.finish()?;
    if !confirm {
        for (name, given) in [
            ("off_session", presence.off_session),
            ("return_url", return_url.is_some()),
            ("mandate_data", mandate),
            ("error_on_requires_action", presence.error_on_action),
        ] {
            if given {
                return Err(ApiError::malformed(format!(
                    "You cannot set {name} when confirm is not true."
                ))
                .param(name));
            }
        }
    }
    let wants_return = confirm
        && automatic_redirects.as_deref() == Some("always")
        && return_url.is_none()
        && !presence.off_session;
    if wants_return && change.method.is_some() {
        return Err(charges::return_url_needed());
    }
    let new = NewIntent {
        amount,
        currency,
        change,
        method_types,
        automatic_redirects,
        return_url,
    };
    let intent = intents::create(act, new)?;
    let intent = if confirm {
        let how = Confirmation {
            off_session: presence.off_session,
            error_on_action: presence.error_on_action,
            mandate,
            ..Confirmation::default()
        };
        charges::confirm(act, &intent.id, how)?
    } else {
        intent
    };
    Ok(show(act, &intent))
}

/// `GET /v1/payment_intents/:id`
pub fn retrieve(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let secret = params.text("client_secret")?;
    params.finish()?;
    let intent = intents::existing(act, id)?;
    if secret.is_some_and(|secret| secret != intent.client_secret) {
        return Err(ApiError::invalid(
            "The client_secret provided does not match the client_secret \
            associated with the PaymentIntent.",
        )
        .param("client_secret"));
    }
    Ok(show(act, &intent))
}

/// `POST /v1/payment_intents/:id`
pub fn update(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let amount = params.integer("amount")?;
    let currency = params.text("currency")?.map(|code| code.to_lowercase());
    let change = IntentChange {
        amount,
        currency,
        ..read_change(&mut params)?
    };
    params.finish()?;
    let intent = intents::update(act, id, change)?;
    Ok(show(act, &intent))
}

/// `POST /v1/payment_intents/:id/confirm`
pub fn confirm(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let presence = read_presence(&mut params)?;
    params.one_of("capture_method", &["automatic", "automatic_async"])?;
    params.boolean("use_stripe_sdk")?;
    let how = Confirmation {
        method: params.text("payment_method")?,
        return_url: params.text("return_url")?,
        off_session: presence.off_session,
        error_on_action: presence.error_on_action,
        receipt_email: params.text("receipt_email")?,
        mandate: mandates::read(&mut params)?,
        setup_future_usage: params
            .one_of("setup_future_usage", FUTURE_USES)?
            .map(str::to_owned),
    };
    params.finish()?;
    let intent = charges::confirm(act, id, how)?;
    Ok(show(act, &intent))
}

/// `POST /v1/payment_intents/:id/cancel`
pub fn cancel(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let reason = params.one_of("cancellation_reason", CANCELLATION_REASONS)?;
    params.finish()?;
    let intent = intents::cancel(act, id, reason)?;
    Ok(show(act, &intent))
}

/// `GET /v1/payment_intents`
pub fn list(act: &mut Act<'_>, mut params: Params) -> Answer {
    let page = Page::read(&mut params)?;
    let customer = params.text("customer")?;
    params.finish()?;
    let act = &*act;
    page.of(
        "/v1/payment_intents",
        &act.book.intents,
        |intent| customer.is_none() || customer == intent.customer,
        |intent| show(act, intent),
    )
}

fn show(act: &Act<'_>, intent: &Intent) -> serde_json::Value {
    shape::intent(act.book, act.base_url, intent)
}

fn read_change(params: &mut Params) -> Result<IntentChange, ApiError> {
    Ok(IntentChange {
        amount: None,
        currency: None,
        customer: params.text("customer")?,
        method: params.text("payment_method")?,
        description: params.edit("description")?,
        receipt_email: params.edit("receipt_email")?,
        statement_suffix: read_suffix(params)?,
        setup_future_usage: params
            .one_of("setup_future_usage", FUTURE_USES)?
            .map(str::to_owned),
        metadata: params.metadata()?,
    })
}

/// At most 22 characters, at least one letter, none of `< > \ ' " *`: what card networks print.
fn read_suffix(params: &mut Params) -> Result<Edit, ApiError> {
    let name = "statement_descriptor_suffix";
    let given = params.edit(name)?;
    if let Edit::Set(suffix) = &given {
        if suffix.chars().count() > 22 {
            return Err(ParamError::TooLong {
                name: name.to_owned(),
                most: 22,
            }
            .into());
        }
        let forbidden = suffix.contains(['<', '>', '\\', '\'', '"', '*']) || !suffix.is_ascii();
        if forbidden || !suffix.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return Err(ApiError::malformed(
                "The statement descriptor suffix contains forbidden characters or has no letter.",
            )
            .param(name));
        }
    }
    Ok(given)
}

struct Presence {
    off_session: bool,
    error_on_action: bool,
}

fn read_presence(params: &mut Params) -> Result<Presence, ApiError> {
    let off_session = match params.text("off_session")?.as_deref() {
        None | Some("false") => false,
        Some("true" | "one_off" | "recurring") => true,
        Some(other) => {
            return Err(ParamError::NotBoolean {
                name: "off_session".to_owned(),
                value: other.to_owned(),
            }
            .into());
        }
    };
    Ok(Presence {
        off_session,
        error_on_action: params.boolean("error_on_requires_action")?.unwrap_or(false),
    })
}

/// Parameters that have one possible value here.
fn check_fixed_choices(params: &mut Params) -> Result<(), ApiError> {
    params.one_of("capture_method", &["automatic", "automatic_async"])?;
    params.one_of("confirmation_method", &["automatic"])?;
    params.boolean("use_stripe_sdk")?;
    Ok(())
}

/// The types an intent takes, and whether it may redirect: automatic methods are on unless types are named.
pub fn read_method_types(params: &mut Params) -> Result<(Vec<String>, Option<String>), ApiError> {
    let automatic = match params.hash("automatic_payment_methods")? {
        None => None,
        Some(mut hash) => {
            let enabled = hash.boolean("enabled")?.ok_or_else(|| {
                ParamError::Missing("automatic_payment_methods[enabled]".to_owned())
            })?;
            let redirects = hash
                .one_of("allow_redirects", &["always", "never"])?
                .unwrap_or("always");
            hash.finish()?;
            Some(enabled.then(|| redirects.to_owned()))
        }
    };
    let named = params.list("payment_method_types")?;
    for kind in &named {
        if !KINDS.contains(&kind.as_str()) {
            return Err(ParamError::NotOneOf {
                name: "payment_method_types".to_owned(),
                words: KINDS,
            }
            .into());
        }
    }
    match (automatic, named.is_empty()) {
        (Some(Some(_)), false) => Err(ApiError::malformed(
            "You may only specify one of these \
            parameters: automatic_payment_methods, payment_method_types.",
        )
        .code("parameters_exclusive")),
        (Some(None) | None, false) => Ok((named, None)),
        (Some(None), true) => Ok((vec!["card".to_owned()], None)),
        (Some(redirects @ Some(_)), true) => Ok((all_kinds(), redirects)),
        (None, true) => Ok((all_kinds(), Some("always".to_owned()))),
    }
}

fn all_kinds() -> Vec<String> {
    KINDS.iter().map(|kind| (*kind).to_owned()).collect()
}
