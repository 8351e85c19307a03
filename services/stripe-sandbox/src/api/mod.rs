//! Stripe's resources: parameters in, one act on the book, an object out. One file per resource.

mod accounts;
mod balance_transactions;
mod charges;
mod customers;
mod disputes;
mod events;
mod mandates;
mod paging;
mod payment_intents;
mod payment_methods;
mod payouts;
mod refunds;
mod setup_intents;
mod webhook_endpoints;

use serde_json::Value;

use crate::book::Act;
use crate::error::ApiError;
use crate::form;
use crate::params::Params;
use crate::shape::expand::expand;

/// What every operation answers.
type Answer = Result<Value, ApiError>;

/// Finds the operation for a method and path, runs it with the form's parameters and expands its answer.
pub fn dispatch(act: &mut Act<'_>, method: &str, path: &str, form_text: &str) -> Answer {
    let mut params = Params::new(form::parse(form_text)?);
    let paths = params.list("expand")?;
    let mut answer = route(act, method, path, params)?;
    expand(act.book, act.base_url, &mut answer, &paths)?;
    Ok(answer)
}

fn route(act: &mut Act<'_>, method: &str, path: &str, params: Params) -> Answer {
    let Some(resource) = path.strip_prefix("/v1/") else {
        return Err(ApiError::no_route(method, path));
    };
    let segments: Vec<&str> = resource.trim_end_matches('/').split('/').collect();
    match (method, segments.as_slice()) {
        ("GET", ["account"]) => accounts::retrieve(act, params),
        ("POST", ["accounts"]) => accounts::create(act, params),
        ("GET", ["accounts"]) => accounts::list(act, params),
        ("GET", ["accounts", id]) => accounts::retrieve_one(act, id, params),
        ("POST", ["account_links"]) => accounts::create_link(act, params),
        ("POST", ["customers"]) => customers::create(act, params),
        ("GET", ["customers"]) => customers::list(act, params),
        ("GET", ["customers", id]) => customers::retrieve(act, id, params),
        ("POST", ["customers", id]) => customers::update(act, id, params),
        ("DELETE", ["customers", id]) => customers::delete(act, id, params),
        ("GET", ["customers", id, "payment_methods"]) => payment_methods::list_of(act, id, params),
        ("GET", ["customers", owner, "payment_methods", id]) => {
            payment_methods::retrieve_of(act, owner, id, params)
        }
        ("POST", ["payment_methods"]) => payment_methods::create(act, params),
        ("GET", ["payment_methods"]) => payment_methods::list(act, params),
        ("GET", ["payment_methods", id]) => payment_methods::retrieve(act, id, params),
        ("POST", ["payment_methods", id, "attach"]) => payment_methods::attach(act, id, params),
        ("POST", ["payment_methods", id, "detach"]) => payment_methods::detach(act, id, params),
        ("POST", ["payment_intents"]) => payment_intents::create(act, params),
        ("GET", ["payment_intents"]) => payment_intents::list(act, params),
        ("GET", ["payment_intents", id]) => payment_intents::retrieve(act, id, params),
        ("POST", ["payment_intents", id]) => payment_intents::update(act, id, params),
        ("POST", ["payment_intents", id, "confirm"]) => payment_intents::confirm(act, id, params),
        ("POST", ["payment_intents", id, "cancel"]) => payment_intents::cancel(act, id, params),
        ("POST", ["payment_methods", id]) => payment_methods::update(act, id, params),
        ("POST", ["setup_intents"]) => setup_intents::create(act, params),
        ("GET", ["setup_intents"]) => setup_intents::list(act, params),
        ("GET", ["setup_intents", id]) => setup_intents::retrieve(act, id, params),
        ("POST", ["setup_intents", id]) => setup_intents::update(act, id, params),
        ("POST", ["setup_intents", id, "confirm"]) => setup_intents::confirm(act, id, params),
        ("POST", ["setup_intents", id, "cancel"]) => setup_intents::cancel(act, id, params),
        ("POST", ["setup_intents", id, "verify_microdeposits"]) => {
            setup_intents::verify_microdeposits(act, id, params)
        }
        ("GET", ["charges"]) => charges::list(act, params),
        ("GET", ["charges", id]) => charges::retrieve(act, id, params),
        ("POST", ["refunds"]) => refunds::create(act, params),
        ("GET", ["refunds"]) => refunds::list(act, params),
        ("GET", ["refunds", id]) => refunds::retrieve(act, id, params),
        ("POST", ["refunds", id]) => refunds::update(act, id, params),
        ("GET", ["disputes"]) => disputes::list(act, params),
        ("GET", ["disputes", id]) => disputes::retrieve(act, id, params),
        ("POST", ["disputes", id]) => disputes::update(act, id, params),
        ("POST", ["disputes", id, "close"]) => disputes::close(act, id, params),
        ("GET", ["payouts"]) => payouts::list(act, params),
        ("GET", ["payouts", id]) => payouts::retrieve(act, id, params),
        ("GET", ["events"]) => events::list(act, params),
        ("GET", ["events", id]) => events::retrieve(act, id, params),
        ("GET", ["balance_transactions"]) => balance_transactions::list(act, params),
        ("GET", ["balance_transactions", id]) => balance_transactions::retrieve(act, id, params),
        ("POST", ["webhook_endpoints"]) => webhook_endpoints::create(act, params),
        ("GET", ["webhook_endpoints"]) => webhook_endpoints::list(act, params),
        ("GET", ["webhook_endpoints", id]) => webhook_endpoints::retrieve(act, id, params),
        ("DELETE", ["webhook_endpoints", id]) => webhook_endpoints::delete(act, id, params),
        (_, _) => Err(ApiError::no_route(method, path)),
    }
}
