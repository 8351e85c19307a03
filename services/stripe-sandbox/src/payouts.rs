//! Payouts for people and tests: commands under `/_sandbox`, and their part of the page.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Form, Path, Query, State};
use axum::response::Redirect;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;

use crate::admin::{Outcome, Shared, Which, act, read};
use crate::book::Book;
use crate::book::currency::show;
use crate::book::payouts::{self, NewPayout};
use crate::book::rows::Payout;
use crate::error::ApiError;
use crate::page::{ROWS, badge, escape, table, time};
use crate::sandbox::Sandbox;
use crate::shape;

const CURRENCY: &str = "usd";
/// As by Stripe's usual schedule.
const DAYS: i64 = 2;

/// The commands, relative to `/_sandbox`.
pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/payouts", post(pay_out))
        .route("/payouts/{id}/settle", post(settle))
        .route("/payouts/{id}/reconcile", post(reconcile))
        .route("/payouts/pressed", post(pressed))
        .route("/fees", post(fee))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    currency: Option<String>,
    /// Asked for by hand, of this amount; not given is a payout by schedule, of all there is.
    by_hand: Option<i64>,
    /// Days until the bank has it.
    days: Option<i64>,
    /// False: what is in it cannot be listed yet.
    reconciled: Option<bool>,
}

impl Wanted {
    fn payout(self) -> NewPayout {
        NewPayout {
            currency: self.currency.unwrap_or_else(|| CURRENCY.to_owned()),
            by_hand: self.by_hand,
            days: self.days.unwrap_or(DAYS),
            reconciled: self.reconciled.unwrap_or(true),
        }
    }
}

/// The schedule's time has come, or somebody asks by hand.
async fn pay_out(State(sandbox): Shared, Query(which): Query<Which>, body: Bytes) -> Outcome {
    let wanted = read::<Wanted>(&body)?.payout();
    let made = act(&sandbox, which.account(&sandbox), |act| {
        payouts::create(act, &wanted)
    })?;
    Ok(Json(shape::payout(&made)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    outcome: payouts::Outcome,
    /// Stripe's word for why it failed; not given is `account_closed`.
    failure_code: Option<String>,
    /// False: what is in it cannot be listed any more.
    reconciled: Option<bool>,
}

/// The bank's word.
async fn settle(
    State(sandbox): Shared,
    Path(id): Path<String>,
    Query(which): Query<Which>,
    body: Bytes,
) -> Outcome {
    let end: End = read(&body)?;
    let settled = act(&sandbox, which.account(&sandbox), |act| {
        let settled = payouts::settle(act, &id, end.outcome, end.failure_code)?;
        match end.reconciled {
            Some(false) => payouts::unreconcile(act, &id),
            Some(true) | None => Ok(settled),
        }
    })?;
    Ok(Json(shape::payout(&settled)))
}

/// What is in it can be listed from now on.
async fn reconcile(
    State(sandbox): Shared,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Outcome {
    let done = act(&sandbox, which.account(&sandbox), |act| {
        payouts::reconcile(act, &id)
    })?;
    Ok(Json(shape::payout(&done)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Taken {
    /// Minor units, above 0.
    amount: i64,
    currency: Option<String>,
}

/// The processor takes something for itself.
async fn fee(State(sandbox): Shared, Query(which): Query<Which>, body: Bytes) -> Outcome {
    let taken: Taken = read(&body)?;
    if taken.amount < 1 {
        return Err(ApiError::malformed("amount must be at least 1").param("amount"));
    }
    let currency = taken.currency.unwrap_or_else(|| CURRENCY.to_owned());
    let moved = act(&sandbox, which.account(&sandbox), |act| {
        Ok(payouts::take_fee(act, taken.amount, &currency))
    })?;
    Ok(Json(shape::transaction(&moved)))
}

/// What a button of the page says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Button {
    account: String,
    /// Empty makes a payout of what there is.
    payout: String,
    outcome: Option<payouts::Outcome>,
}

async fn pressed(State(sandbox): Shared, Form(button): Form<Button>) -> Result<Redirect, ApiError> {
    act(&sandbox, &button.account, |act| match button.outcome {
        Some(outcome) => payouts::settle(act, &button.payout, outcome, None),
        None => payouts::create(
            act,
            &NewPayout {
                currency: CURRENCY.to_owned(),
                by_hand: None,
                days: DAYS,
                reconciled: true,
            },
        ),
    })?;
    Ok(Redirect::to("/_sandbox/"))
}

/// The payouts of a book, newest first, with buttons.
pub fn section(book: &Book) -> String {
    let rows = book.payouts.iter().rev().take(ROWS).map(|payout| {
        vec![
            time(payout.created),
            format!("<code>{}</code>", escape(&payout.id)),
            format!("<b>{}</b>", show(payout.amount, &payout.currency)),
            badge(payout.status.word()),
            ends(book, payout),
        ]
    });
    let listed = table(
        "Payouts",
        &["Time (UTC)", "Payout", "Amount", "Status", "The bank"],
        rows.collect(),
    );
    format!(
        "{listed}{}",
        form(book, "", &[("", "Pay out all there is")])
    )
}

/// What the bank may still say.
fn ends(book: &Book, payout: &Payout) -> String {
    use crate::book::rows::PayoutStatus as Status;
    match payout.status {
        Status::Pending | Status::InTransit => form(
            book,
            &payout.id,
            &[("paid", "Arrives"), ("failed", "Fails")],
        ),
        Status::Paid => form(book, &payout.id, &[("failed", "Fails after all")]),
        Status::Failed | Status::Canceled => {
            escape(payout.failure_code.as_deref().unwrap_or_default())
        }
    }
}

fn form(book: &Book, payout: &str, buttons: &[(&str, &str)]) -> String {
    let buttons: String = buttons
        .iter()
        .map(|(outcome, words)| {
            let name = if outcome.is_empty() {
                ""
            } else {
                "name=\"outcome\" "
            };
            format!("<button {name}value=\"{outcome}\">{words}</button> ")
        })
        .collect();
    format!(
        "<form method=\"post\" action=\"payouts/pressed\"><input type=\"hidden\" name=\"account\" value=\"{}\"><input \
        type=\"hidden\" name=\"payout\" value=\"{}\">{buttons}</form>",
        escape(&book.account),
        escape(payout)
    )
}
