//! What no Stripe has: commands for tests and demonstrations, JSON in and out, under `/_sandbox`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::book::declines::Decline;
use crate::book::endpoints::{self, NewEndpoint};
use crate::book::methods::{self, Renewal};
use crate::book::refunds::{self, NewRefund};
use crate::book::rows::RefundStatus;
use crate::book::{Act, Origin, charges, setups, totals};
use crate::error::ApiError;
use crate::faults::Rule;
use crate::sandbox::{API_VERSION, Sandbox, lock};
use crate::seeded::SeededPlan;
use crate::shape;
use crate::webhooks::plan::Plan;

pub(crate) type Shared = State<Arc<Sandbox>>;
pub(crate) type Outcome = Result<Json<Value>, ApiError>;

/// The commands, relative to `/_sandbox`.
pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route(
            "/webhook_plan",
            get(plans).post(add_plan).delete(clear_plans),
        )
        .route("/plan", get(plan).post(begin_plan).delete(end_plan))
        .route("/webhooks/release", post(release))
        .route("/webhook_endpoints", post(register_endpoint))
        .route("/events/{id}/resend", post(resend))
        .route("/deliveries", get(deliveries))
        .route("/book", get(book))
        .route("/requests", get(requests))
        .route("/refunds", post(refund))
        .route("/refunds/{id}/settle", post(settle_refund))
        .merge(crate::trouble::routes())
        .merge(crate::connect::routes())
        .merge(crate::payouts::routes())
        .route("/payment_intents/{id}/authenticate", post(authenticate))
        .route("/payment_intents/{id}/settle", post(settle_intent))
        .route("/setup_intents/{id}/authenticate", post(authenticate_setup))
        .route("/payment_methods/{id}/renew", post(renew_method))
        .route("/payment_methods/{id}/detach", post(detach_method))
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.body())).into_response()
    }
}

/// `?account=acct_…`; not given is the key's own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    account: Option<String>,
}

impl Which {
    pub(crate) fn account<'a>(&'a self, sandbox: &'a Sandbox) -> &'a str {
        self.account.as_deref().unwrap_or(&sandbox.config.account)
    }
}

pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(text).map_err(|error| ApiError::malformed(error.to_string()))
}

/// An act that no API request asked for.
pub(crate) fn act<T>(
    sandbox: &Sandbox,
    account: &str,
    work: impl FnOnce(&mut Act<'_>) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    written(sandbox.act(account, Origin::none(API_VERSION), work))?
}

fn written<T>(outcome: std::io::Result<T>) -> Result<T, ApiError> {
    outcome.map_err(|error| {
        tracing::error!(%error, "the data file cannot be written");
        ApiError::internal()
    })
}

async fn faults(State(sandbox): Shared) -> Json<Value> {
    Json(json!({ "faults": lock(&sandbox.faults).waiting() }))
}

async fn add_fault(State(sandbox): Shared, body: Bytes) -> Outcome {
    let rule: Rule = read(&body)?;
    lock(&sandbox.faults)
        .add(rule)
        .map_err(|error| ApiError::malformed(error.to_string()))?;
    Ok(faults(State(sandbox)).await)
}

async fn clear_faults(State(sandbox): Shared) -> Json<Value> {
    lock(&sandbox.faults).clear();
    faults(State(sandbox)).await
}

async fn plans(State(sandbox): Shared) -> Json<Value> {
    Json(json!({ "plans": lock(&sandbox.plans).all() }))
}

async fn add_plan(State(sandbox): Shared, body: Bytes) -> Outcome {
    let plan: Plan = read(&body)?;
    lock(&sandbox.plans).add(plan);
    Ok(plans(State(sandbox)).await)
}

async fn clear_plans(State(sandbox): Shared) -> Json<Value> {
    lock(&sandbox.plans).clear();
    plans(State(sandbox)).await
}

async fn plan(State(sandbox): Shared) -> Json<Value> {
    Json(json!(&*lock(&sandbox.seeded)))
}

async fn begin_plan(State(sandbox): Shared, body: Bytes) -> Outcome {
    let begun: SeededPlan = read(&body)?;
    lock(&sandbox.seeded)
        .begin(begun)
        .map_err(|error| ApiError::malformed(error.to_string()))?;
    Ok(plan(State(sandbox)).await)
}

async fn end_plan(State(sandbox): Shared) -> Json<Value> {
    lock(&sandbox.seeded).end();
    plan(State(sandbox)).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    event: Option<String>,
    #[serde(default)]
    reversed: bool,
}

async fn release(State(sandbox): Shared, Query(which): Query<Which>, body: Bytes) -> Outcome {
    let how: Release = read(&body)?;
    let released =
        written(sandbox.release(which.account(&sandbox), how.event.as_deref(), how.reversed))?;
    Ok(Json(json!({ "released": released })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    url: String,
    secret: Option<String>,
    events: Option<Vec<String>>,
    #[serde(default)]
    connect: bool,
}

/// Like Stripe's own, but with a secret of the caller's choice, and repeatable.
async fn register_endpoint(
    State(sandbox): Shared,
    Query(which): Query<Which>,
    body: Bytes,
) -> Outcome {
    let given: Registration = read(&body)?;
    let new = NewEndpoint {
        url: given.url,
        secret: given.secret,
        events: given.events.unwrap_or_else(|| vec!["*".to_owned()]),
        connect: given.connect,
        ..NewEndpoint::default()
    };
    let endpoint = act(&sandbox, which.account(&sandbox), |act| {
        endpoints::ensure(act, new)
    })?;
    Ok(Json(shape::endpoint(&endpoint, true)))
}

async fn resend(
    State(sandbox): Shared,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Outcome {
    let sent = written(sandbox.resend(which.account(&sandbox), &id))?;
    let sent = sent.ok_or_else(|| ApiError::missing("event", &id, "id"))?;
    Ok(Json(json!({ "deliveries": sent })))
}

async fn deliveries(State(sandbox): Shared, Query(which): Query<Which>) -> Json<Value> {
    let account = which.account(&sandbox);
    let rows = sandbox.read(|accounts| {
        let Some(book) = accounts.get(account) else { return Vec::new() };
        let shown = book.deliveries.iter().map(|row| {
            let kind = book.events.find(&row.event).map(|event| event.kind.clone());
            json!({ "id": row.id, "event": row.event, "type": kind, "endpoint": row.endpoint, "state": row.state, "attempts": row.attempts })
        });
        shown.collect()
    });
    Json(json!({ "deliveries": rows }))
}

/// Every account's book, or one's.
async fn book(State(sandbox): Shared, Query(which): Query<Which>) -> Json<Value> {
    let statements = sandbox.read(|accounts| {
        let wanted = accounts.values().filter(|book| {
            which
                .account
                .as_deref()
                .is_none_or(|account| account == book.account)
        });
        wanted.map(totals::statement).collect::<Vec<_>>()
    });
    Json(json!({ "accounts": statements }))
}

async fn requests(State(sandbox): Shared) -> Json<Value> {
    Json(json!({ "requests": lock(&sandbox.log).all() }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DashboardRefund {
    payment_intent: Option<String>,
    charge: Option<String>,
    /// Minor units; not given is all that is left.
    amount: Option<i64>,
}

/// A refund somebody makes in the dashboard: nobody asked for it through the API, the webhooks tell of it.
async fn refund(State(sandbox): Shared, Query(which): Query<Which>, body: Bytes) -> Outcome {
    let given: DashboardRefund = read(&body)?;
    if given.amount.is_some_and(|amount| amount < 1) {
        return Err(ApiError::malformed("amount must be at least 1").param("amount"));
    }
    let new = NewRefund {
        charge: given.charge,
        intent: given.payment_intent,
        amount: given.amount,
        ..NewRefund::default()
    };
    let refund = act(&sandbox, which.account(&sandbox), |act| {
        refunds::create(act, new)
    })?;
    Ok(Json(shape::refund(&refund)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundEnd {
    status: RefundStatus,
}

async fn settle_refund(
    State(sandbox): Shared,
    Path(id): Path<String>,
    Query(which): Query<Which>,
    body: Bytes,
) -> Outcome {
    let end: RefundEnd = read(&body)?;
    let refund = act(&sandbox, which.account(&sandbox), |act| {
        refunds::settle(act, &id, end.status)
    })?;
    Ok(Json(shape::refund(&refund)))
}

/// `succeeded` or `failed`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    Succeeded,
    Failed,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IntentEnd {
    outcome: End,
    /// Why a debit failed; not given: the account lacked the money.
    decline: Option<Decline>,
}

async fn authenticate(
    State(sandbox): Shared,
    Path(id): Path<String>,
    Query(which): Query<Which>,
    body: Bytes,
) -> Outcome {
    let end: IntentEnd = read(&body)?;
    let passed = match end.outcome {
        End::Succeeded => true,
        End::Failed => false,
    };
    act(&sandbox, which.account(&sandbox), |act| {
        let intent = charges::authenticate(act, &id, passed)?;
        Ok(Json(shape::intent(act.book, act.base_url, &intent)))
    })
}

async fn authenticate_setup(
    State(sandbox): Shared,
    Path(id): Path<String>,
    Query(which): Query<Which>,
    body: Bytes,
) -> Outcome {
    let end: IntentEnd = read(&body)?;
    let passed = match end.outcome {
        End::Succeeded => true,
        End::Failed => false,
    };
    act(&sandbox, which.account(&sandbox), |act| {
        let setup = setups::authenticate(act, &id, passed)?;
        Ok(Json(shape::setup(act.book, act.base_url, &setup)))
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkUpdate {
    exp_month: i64,
    exp_year: i64,
    /// With a new plastic: a test card's number.
    number: Option<String>,
}

/// What the card network tells of a stored card; a month that is over ends it.
async fn renew_method(
    State(sandbox): Shared,
    Path(id): Path<String>,
    Query(which): Query<Which>,
    body: Bytes,
) -> Outcome {
    let given: NetworkUpdate = read(&body)?;
    let renewal = Renewal {
        exp_month: given.exp_month,
        exp_year: given.exp_year,
        number: given.number,
    };
    let method = act(&sandbox, which.account(&sandbox), |act| {
        methods::renew(act, &id, &renewal)
    })?;
    Ok(Json(shape::method(&method)))
}

/// Somebody removes a method in the dashboard.
async fn detach_method(
    State(sandbox): Shared,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Outcome {
    let method = act(&sandbox, which.account(&sandbox), |act| {
        methods::detach(act, &id)
    })?;
    Ok(Json(shape::method(&method)))
}

async fn settle_intent(
    State(sandbox): Shared,
    Path(id): Path<String>,
    Query(which): Query<Which>,
    body: Bytes,
) -> Outcome {
    let end: IntentEnd = read(&body)?;
    let outcome = match end.outcome {
        End::Succeeded => Ok(()),
        End::Failed => Err(end.decline.unwrap_or(Decline::BankInsufficientFunds)),
    };
    act(&sandbox, which.account(&sandbox), |act| {
        let intent = charges::settle(act, &id, outcome)?;
        Ok(Json(shape::intent(act.book, act.base_url, &intent)))
    })
}
