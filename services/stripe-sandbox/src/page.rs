//! For people: what happened, on one page; and the bank's page of 3-D Secure.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use jiff::Timestamp;
use serde::Deserialize;

use crate::book::currency::show;
use crate::book::machine::Status;
use crate::book::rows::{Delivery, Intent, Setup};
use crate::book::{Book, Origin, charges, setups};
use crate::error::ApiError;
use crate::sandbox::{API_VERSION, Sandbox, lock};
use crate::seeded::Seeded;

/// Rows of each table, newest first.
pub(crate) const ROWS: usize = 50;

const STYLE: &str = include_str!("page.css");

/// The pages, relative to `/_sandbox`.
pub fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/", get(async || Redirect::permanent("/_sandbox/")))
        .route("/authenticate/{id}", get(challenge).post(answer))
}

/// Text made safe for HTML content and quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

pub(crate) fn document(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
            \
            content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style><main>{body}</main></html>"
    ))
}

/// What happened, newest first.
pub async fn overview(State(sandbox): State<Arc<Sandbox>>) -> Html<String> {
    let seeded = failing(&lock(&sandbox.seeded));
    let body = sandbox.read(|accounts| {
        let mut body = String::from(
            "<h1>Stripe sandbox</h1><p class=\"lead\">No money moves \
            here. The newest entries of each book; JSON at <a href=\"book\">book</a>, <a \
            href=\"deliveries\">deliveries</a>, <a href=\"requests\">requests</a>.</p>",
        );
        body.push_str(&seeded);
        if accounts.is_empty() {
            body.push_str("<p>Nothing has happened yet.</p>");
        }
        for book in accounts.values() {
            let _ = write!(body, "<h2>{}</h2>", escape(&book.account));
            body.push_str(&payments(book));
            body.push_str(&refunds(book));
            body.push_str(&disputes(book));
            body.push_str(&crate::payouts::section(book));
            body.push_str(&events(book));
        }
        body
    });
    document("Stripe sandbox", &body)
}

/// The seeded plan in force, and what became of requests and events by it.
fn failing(seeded: &Seeded) -> String {
    let Some(plan) = seeded.plan else {
        return String::new();
    };
    let drawn = seeded
        .drawn
        .iter()
        .map(|(name, count)| format!("{count} {}", name.replace('_', " ")));
    let drawn = drawn.collect::<Vec<_>>().join(", ");
    let drawn = if drawn.is_empty() {
        "nothing".to_owned()
    } else {
        drawn
    };
    format!(
        "<p>It fails by the <a href=\"plan\">plan</a> of seed <b>{}</b>; so far: {drawn}.</p>",
        plan.seed
    )
}

pub(crate) fn table(title: &str, heads: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return format!("<h3>{title}</h3><p class=\"none\">None yet.</p>");
    }
    let heads: String = heads
        .iter()
        .map(|head| format!("<th scope=\"col\">{head}</th>"))
        .collect();
    let rows: String = rows
        .iter()
        .map(|row| {
            format!(
                "<tr>{}</tr>",
                row.iter()
                    .map(|cell| format!("<td>{cell}</td>"))
                    .collect::<String>()
            )
        })
        .collect();
    format!(
        "<h3>{title}</h3><div \
            \
            class=\"scroll\"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

pub(crate) fn time(second: i64) -> String {
    Timestamp::from_second(second).map_or_else(
        |_| second.to_string(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

pub(crate) fn badge(word: &str) -> String {
    format!(
        "<span class=\"badge {word}\">{}</span>",
        word.replace('_', " ")
    )
}

fn payments(book: &Book) -> String {
    let row = |intent: &Intent| {
        let id = escape(&intent.id);
        let status = match intent.status {
            Status::RequiresAction => format!(
                "<a href=\"authenticate/{id}\">{}</a>",
                badge(intent.status.word())
            ),
            Status::RequiresPaymentMethod
            | Status::RequiresConfirmation
            | Status::Processing
            | Status::Succeeded
            | Status::Canceled => badge(intent.status.word()),
        };
        let why = intent
            .failure
            .as_ref()
            .map_or_else(String::new, |failure| escape(failure.decline.message()));
        vec![
            time(intent.created),
            format!("<code>{id}</code>"),
            format!("<b>{}</b>", show(intent.amount, &intent.currency)),
            status,
            why,
        ]
    };
    let rows = book.intents.iter().rev().take(ROWS).map(row).collect();
    table(
        "Payments",
        &[
            "Time (UTC)",
            "Payment intent",
            "Amount",
            "Status",
            "Last error",
        ],
        rows,
    )
}

fn refunds(book: &Book) -> String {
    let rows = book.refunds.iter().rev().take(ROWS).map(|refund| {
        let ids = [&refund.id, &refund.charge].map(|id| format!("<code>{}</code>", escape(id)));
        let [id, charge] = ids;
        vec![
            time(refund.created),
            id,
            charge,
            format!("<b>{}</b>", show(refund.amount, &refund.currency)),
            badge(refund.status.word()),
        ]
    });
    table(
        "Refunds",
        &["Time (UTC)", "Refund", "Charge", "Amount", "Status"],
        rows.collect(),
    )
}

fn disputes(book: &Book) -> String {
    let rows = book.disputes.iter().rev().take(ROWS).map(|dispute| {
        let ids = [&dispute.id, &dispute.charge].map(|id| format!("<code>{}</code>", escape(id)));
        let [id, charge] = ids;
        vec![
            time(dispute.created),
            id,
            charge,
            format!("<b>{}</b>", show(dispute.amount, &dispute.currency)),
            escape(&dispute.reason),
            badge(dispute.status.word()),
        ]
    });
    table(
        "Disputes",
        &[
            "Time (UTC)",
            "Dispute",
            "Charge",
            "Amount",
            "Reason",
            "Status",
        ],
        rows.collect(),
    )
}

fn events(book: &Book) -> String {
    let rows = book.events.iter().rev().take(ROWS).map(|event| {
        let sent: Vec<String> = book
            .deliveries
            .iter()
            .rev()
            .take_while(|row| row.created >= event.created)
            .filter(|row| row.event == event.id)
            .map(delivery)
            .collect();
        let sent = if sent.is_empty() {
            "no endpoint".to_owned()
        } else {
            sent.join("<br>")
        };
        vec![
            time(event.created),
            escape(&event.kind),
            format!("<code>{}</code>", escape(&event.id)),
            sent,
        ]
    });
    table(
        "Events",
        &["Time (UTC)", "Type", "Event", "Deliveries"],
        rows.collect(),
    )
}

fn delivery(row: &Delivery) -> String {
    let state = serde_json::to_value(row.state)
        .ok()
        .and_then(|word| word.as_str().map(badge))
        .unwrap_or_default();
    let last = row.attempts.last().map_or_else(String::new, |attempt| {
        match (attempt.status, &attempt.error) {
            (Some(status), _) => format!("HTTP {status}"),
            (None, Some(error)) => escape(error),
            (None, None) => String::new(),
        }
    });
    format!(
        "{state} {last} <span class=\"none\">({} tries)</span>",
        row.attempts.len()
    )
}

/// The book and the intent of this id, wherever it is.
fn find(sandbox: &Sandbox, id: &str) -> Result<(String, Intent), ApiError> {
    let found = sandbox.read(|accounts| {
        accounts.values().find_map(|book| {
            book.intents
                .find(id)
                .map(|intent| (book.account.clone(), intent.clone()))
        })
    });
    found.ok_or_else(|| ApiError::missing("payment_intent", id, "intent"))
}

/// The account and the setup intent of this id, wherever it is.
fn find_setup(sandbox: &Sandbox, id: &str) -> Option<(String, Setup)> {
    sandbox.read(|accounts| {
        accounts.values().find_map(|book| {
            let setup = book.setups.find(id)?;
            Some((book.account.clone(), setup.clone()))
        })
    })
}

async fn challenge(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
) -> Result<Html<String>, ApiError> {
    if let Some((_, setup)) = find_setup(&sandbox, &id) {
        let body = if setup.status == Status::RequiresAction {
            "<h1>Your bank asks</h1><p class=\"lead\">Do you want to store this card? (A test \
                page: choose what the bank shall say.)</p><form method=\"post\"><button \
                name=\"outcome\" value=\"succeeded\">Complete authentication</button> <button \
                class=\"quiet\" name=\"outcome\" value=\"failed\">Fail \
                authentication</button></form>"
                .to_owned()
        } else {
            let status = badge(setup.status.word());
            format!("<h1>Nothing to confirm</h1><p class=\"lead\">Its state is {status}.</p>")
        };
        return Ok(document("3-D Secure", &body));
    }
    let (_, intent) = find(&sandbox, &id)?;
    let amount = show(intent.amount, &intent.currency);
    let body = match intent.status {
        Status::RequiresAction => format!(
            "<h1>Your bank asks</h1><p class=\"lead\">Did you make this payment of \
                <b>{amount}</b>? (A test page: choose what the bank shall say.)</p><form \
                method=\"post\"><button name=\"outcome\" value=\"succeeded\">Complete \
                authentication</button> <button class=\"quiet\" name=\"outcome\" \
                value=\"failed\">Fail authentication</button></form>"
        ),
        Status::RequiresPaymentMethod
        | Status::RequiresConfirmation
        | Status::Processing
        | Status::Succeeded
        | Status::Canceled => {
            format!(
                "<h1>Nothing to confirm</h1><p class=\"lead\">This payment of <b>{amount}</b> is \
                    in the state {}.</p>",
                badge(intent.status.word())
            )
        }
    };
    Ok(document("3-D Secure", &body))
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
    let passed = choice.outcome == "succeeded";
    if let Some((account, _)) = find_setup(&sandbox, &id) {
        let acted = sandbox.act(&account, Origin::none(API_VERSION), |act| {
            setups::authenticate(act, &id, passed)
        });
        let setup = acted.map_err(|_| ApiError::internal())??;
        return Ok(match setup.return_url {
            Some(url) => Redirect::to(&url).into_response(),
            None => challenge(State(sandbox), Path(id)).await?.into_response(),
        });
    }
    let (account, _) = find(&sandbox, &id)?;
    let acted = sandbox.act(&account, Origin::none(API_VERSION), |act| {
        charges::authenticate(act, &id, passed)
    });
    let intent = acted.map_err(|_| ApiError::internal())??;
    let Some(url) = &intent.return_url else {
        return Ok(challenge(State(sandbox), Path(id)).await?.into_response());
    };
    let joint = if url.contains('?') { '&' } else { '?' };
    let outcome = if intent.status == Status::Succeeded {
        "succeeded"
    } else {
        "failed"
    };
    let target = format!(
        "{url}{joint}payment_intent={id}&payment_intent_client_secret={}&redirect_status={outcome}",
        intent.client_secret
    );
    Ok(Redirect::to(&target).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<b a='1'>&\""), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;");
    }
}
