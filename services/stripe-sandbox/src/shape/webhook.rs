use serde_json::{Value, json};

use crate::book::Book;
use crate::book::rows::{DeliveryState, Endpoint, Event};

/// An event. Deliveries are made with their event or later, so the newest suffice; `pending_webhooks` counts the deliveries of this book that are not done.
pub fn event(book: &Book, event: &Event) -> Value {
    let pending = book
        .deliveries
        .iter()
        .rev()
        .take_while(|delivery| delivery.created >= event.created)
        .filter(|delivery| delivery.event == event.id)
        .filter(|delivery| match delivery.state {
            DeliveryState::Pending | DeliveryState::Held => true,
            DeliveryState::Delivered | DeliveryState::Failed | DeliveryState::Dropped => false,
        })
        .count();
    let mut body = json!({ "object": event.object });
    if let Some(previous) = &event.previous {
        body["previous_attributes"] = previous.clone();
    }
    let mut object = json!({
        "id": event.id,
        "object": "event",
        "api_version": event.api_version,
        "created": event.created,
        "data": body,
        "livemode": false,
        "pending_webhooks": pending,
        "request": { "id": event.request_id, "idempotency_key": event.idempotency_key },
        "type": event.kind,
    });
    if let Some(account) = &event.account {
        object["account"] = json!(account);
    }
    object
}

/// A webhook endpoint; its secret only when it has just been made.
pub fn endpoint(endpoint: &Endpoint, with_secret: bool) -> Value {
    let mut object = json!({
        "id": endpoint.id,
        "object": "webhook_endpoint",
        "api_version": null,
        "application": null,
        "created": endpoint.created,
        "description": endpoint.description,
        "enabled_events": endpoint.events,
        "livemode": false,
        "metadata": endpoint.metadata,
        "status": "enabled",
        "url": endpoint.url,
    });
    if with_secret {
        object["secret"] = json!(endpoint.secret);
    }
    object
}

/// What a deleted endpoint answers.
pub fn deleted_endpoint(id: &str) -> Value {
    json!({ "id": id, "object": "webhook_endpoint", "deleted": true })
}
