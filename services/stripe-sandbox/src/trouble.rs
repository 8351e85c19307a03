//! Commands for what goes wrong for a shop: its payers dispute.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;

use crate::admin::{Outcome, Shared, Which, act, read};
use crate::book::disputes::{self, NewDispute};
use crate::sandbox::Sandbox;
use crate::shape;

/// The commands, relative to `/_sandbox`.
pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/disputes", post(dispute))
        .route("/disputes/{id}/settle", post(settle_dispute))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayersDispute {
    payment_intent: Option<String>,
    charge: Option<String>,
    /// Minor units; not given is all that was not refunded.
    amount: Option<i64>,
    /// Stripe's word; not given is `fraudulent`.
    reason: Option<String>,
    /// An inquiry: no money is withdrawn.
    #[serde(default)]
    inquiry: bool,
}

/// The payer goes to their bank.
async fn dispute(State(sandbox): Shared, Query(which): Query<Which>, body: Bytes) -> Outcome {
    let given: PayersDispute = read(&body)?;
    let new = NewDispute {
        charge: given.charge,
        intent: given.payment_intent,
        amount: given.amount,
        reason: given.reason,
        inquiry: given.inquiry,
    };
    act(&sandbox, which.account(&sandbox), |act| {
        let opened = disputes::open(act, new)?;
        Ok(Json(shape::dispute(act.book, &opened)))
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DisputeEnd {
    outcome: disputes::Outcome,
}

/// The bank's decision.
async fn settle_dispute(
    State(sandbox): Shared,
    Path(id): Path<String>,
    Query(which): Query<Which>,
    body: Bytes,
) -> Outcome {
    let end: DisputeEnd = read(&body)?;
    act(&sandbox, which.account(&sandbox), |act| {
        let settled = disputes::settle(act, &id, end.outcome)?;
        Ok(Json(shape::dispute(act.book, &settled)))
    })
}
