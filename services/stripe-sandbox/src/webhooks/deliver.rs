//! Delivery: each pending one is tried at its time, several at once, again after a pause, until it is given up.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::book::Origin;
use crate::book::rows::{Attempt, DeliveryState};
use crate::sandbox::{API_VERSION, Sandbox, lock};
use crate::shape;
use crate::webhooks::sign::sign;

/// Requests to endpoints at once, at most.
const AT_ONCE: usize = 16;

/// One delivery ready to be sent.
struct Parcel {
    url: String,
    secret: String,
    body: String,
}

/// Delivers until the sandbox stops.
pub async fn run(sandbox: Arc<Sandbox>, client: reqwest::Client) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    loop {
        let next = std::mem::take(&mut *lock(&sandbox.outgoing));
        for (account, id) in next {
            let (sandbox, client, places) = (sandbox.clone(), client.clone(), places.clone());
            tasks.spawn(async move { carry(&sandbox, &client, &places, (&account, &id)).await });
        }
        while tasks.try_join_next().is_some() {}
        tokio::select! {
            () = sandbox.wake.notified() => {}
            () = sandbox.stop.cancelled() => return,
        }
    }
}

/// Tries one delivery to its end: answered with 2xx, or given up.
async fn carry(
    sandbox: &Sandbox,
    client: &reqwest::Client,
    places: &Semaphore,
    (account, id): (&str, &str),
) {
    let wait_ms = sandbox.read(|accounts| {
        accounts
            .get(account)?
            .deliveries
            .find(id)
            .map(|row| row.wait_ms)
    });
    tokio::time::sleep(Duration::from_millis(wait_ms.unwrap_or_default())).await;
    for pause in sandbox
        .config
        .webhook_backoff
        .iter()
        .map(Some)
        .chain([None])
    {
        let Ok(place) = places.acquire().await else {
            return;
        };
        let attempt = match pack(sandbox, account, id) {
            Some(parcel) => send(sandbox, client, parcel).await,
            None => return abandon(sandbox, account, id),
        };
        drop(place);
        let delivered = attempt
            .status
            .is_some_and(|status| (200..300).contains(&status));
        let state = match (delivered, pause) {
            (true, _) => DeliveryState::Delivered,
            (false, None) => DeliveryState::Failed,
            (false, Some(_)) => DeliveryState::Pending,
        };
        record(sandbox, account, id, (attempt, state));
        let Some(pause) = pause.filter(|_| !delivered) else {
            return;
        };
        tokio::time::sleep(*pause).await;
    }
}

/// The event as it is sent; `None` when the endpoint is gone.
fn pack(sandbox: &Sandbox, account: &str, id: &str) -> Option<Parcel> {
    sandbox.read(|accounts| {
        let book = accounts.get(account)?;
        let delivery = book.deliveries.find(id)?;
        let endpoint = book
            .endpoints
            .find(&delivery.endpoint)
            .filter(|row| !row.deleted)?;
        let event = book.events.find(&delivery.event)?;
        Some(Parcel {
            url: endpoint.url.clone(),
            secret: endpoint.secret.clone(),
            body: shape::event(book, event).to_string(),
        })
    })
}

fn abandon(sandbox: &Sandbox, account: &str, id: &str) {
    let time = sandbox.config.clock.now().as_second();
    let attempt = Attempt {
        time,
        status: None,
        error: Some("the endpoint was deleted".to_owned()),
    };
    record(sandbox, account, id, (attempt, DeliveryState::Failed));
}

async fn send(sandbox: &Sandbox, client: &reqwest::Client, parcel: Parcel) -> Attempt {
    let time = sandbox.config.clock.now().as_second();
    let request = client
        .post(&parcel.url)
        .header("content-type", "application/json; charset=utf-8")
        .header(
            "user-agent",
            "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        )
        .header(
            "stripe-signature",
            sign(&parcel.secret, time, parcel.body.as_bytes()),
        )
        .body(parcel.body);
    match request.send().await {
        Ok(answer) => Attempt {
            time,
            status: Some(answer.status().as_u16()),
            error: None,
        },
        Err(error) => Attempt {
            time,
            status: None,
            error: Some(error.without_url().to_string()),
        },
    }
}

fn record(sandbox: &Sandbox, account: &str, id: &str, (attempt, state): (Attempt, DeliveryState)) {
    let written = sandbox.act(account, Origin::none(API_VERSION), |act| {
        if let Some(row) = act.book.deliveries.change(id) {
            row.attempts.push(attempt);
            row.state = state;
        }
    });
    if let Err(error) = written {
        tracing::error!(%error, "the data file cannot be written");
    }
}
