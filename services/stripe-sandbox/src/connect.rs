//! Accounts that are connected with the platform's, as their owners and the processor see to them: commands, and the page
//! that finishes onboarding with a click.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Form, Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::{Outcome, Shared, Which, act, read};
use crate::book::accounts;
use crate::book::rows::Standing;
use crate::error::ApiError;
use crate::page::{document, escape};
use crate::sandbox::Sandbox;
use crate::shape;

/// The commands and the page, relative to `/_sandbox`.
pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/account", post(change))
        .route("/accounts/{id}/onboard", post(onboard))
        .route("/accounts/{id}/deauthorize", post(deauthorize))
        .route("/onboarding/{id}", get(ask).post(answer))
}

/// What an account may do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Capability {
    #[serde(default = "yes")]
    charges_enabled: bool,
    #[serde(default = "yes")]
    payouts_enabled: bool,
    #[serde(default)]
    requirements_due: Vec<String>,
    disabled_reason: Option<String>,
}

fn yes() -> bool {
    true
}

/// The processor looks at the account again.
async fn change(State(sandbox): Shared, Query(which): Query<Which>, body: Bytes) -> Outcome {
    let given: Capability = read(&body)?;
    let account = which.account(&sandbox).to_owned();
    let platform = sandbox.config.account.clone();
    let standing = act(&sandbox, &platform, |act| {
        let known = if account == platform {
            act.book.standings.find(&account).cloned()
        } else {
            Some(accounts::existing(act, &account)?)
        };
        let standing = Standing {
            id: account.clone(),
            created: known.as_ref().map_or(act.now, |known| known.created),
            details_submitted: true,
            charges_enabled: given.charges_enabled,
            payouts_enabled: given.payouts_enabled,
            requirements_due: given.requirements_due,
            disabled_reason: given.disabled_reason,
            ..known.unwrap_or_default()
        };
        act.book.standings.put(standing.clone());
        Ok(standing)
    })?;
    updated(&sandbox, &standing).map(Json)
}

/// Tells of an account as it is now, in its own book.
fn updated(sandbox: &Sandbox, standing: &Standing) -> Result<Value, ApiError> {
    let object = shape::account(&standing.id, Some(standing));
    act(sandbox, &standing.id, |act| {
        act.announce("account.updated", object.clone(), Some(json!({})));
        Ok(())
    })?;
    Ok(object)
}

/// The owner has answered everything.
async fn onboard(State(sandbox): Shared, Path(id): Path<String>) -> Outcome {
    let platform = sandbox.config.account.clone();
    let standing = act(&sandbox, &platform, |act| accounts::onboard(act, &id))?;
    updated(&sandbox, &standing).map(Json)
}

/// The owner takes the platform's access away.
async fn deauthorize(State(sandbox): Shared, Path(id): Path<String>) -> Outcome {
    let platform = sandbox.config.account.clone();
    act(&sandbox, &platform, |act| accounts::deauthorize(act, &id))?;
    act(&sandbox, &id, |act| {
        act.announce(
            "account.application.deauthorized",
            shape::application(),
            None,
        );
        Ok(Json(json!({ "id": id, "deauthorized": true })))
    })
}

/// What the owner sees; whoever comes with an old link is sent where a fresh one is made.
async fn ask(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let platform = sandbox.config.account.clone();
    let (link, live) = act(&sandbox, &platform, |act| accounts::live_link(act, &id))?;
    if !live {
        return Ok(Redirect::to(&link.refresh_url).into_response());
    }
    let body = format!(
        "<h1>Connect your account</h1><p class=\"lead\">The account <code>{}</code> is to take \
            payments. (A test page: choose what its owner does.)</p><form method=\"post\"><button \
            name=\"outcome\" value=\"finished\">Finish onboarding</button> <button \
            class=\"quiet\" name=\"outcome\" value=\"later\">Come back later</button></form>",
        escape(&link.account)
    );
    let page: Html<String> = document("Onboarding", &body);
    Ok(page.into_response())
}

#[derive(Debug, Deserialize)]
struct Choice {
    outcome: String,
}

async fn answer(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    Form(choice): Form<Choice>,
) -> Result<Response, ApiError> {
    let platform = sandbox.config.account.clone();
    let finished = choice.outcome == "finished";
    let (target, standing) = act(&sandbox, &platform, |act| {
        let (link, live) = accounts::live_link(act, &id)?;
        if !live {
            return Ok((link.refresh_url, None));
        }
        if let Some(row) = act.book.links.change(&id) {
            row.used = true;
        }
        let standing = finished.then(|| accounts::onboard(act, &link.account));
        Ok((link.return_url, standing.transpose()?))
    })?;
    if let Some(standing) = standing {
        updated(&sandbox, &standing)?;
    }
    Ok(Redirect::to(&target).into_response())
}
