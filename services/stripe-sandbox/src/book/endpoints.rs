//! Where webhooks go.

use super::Act;
use super::rows::Endpoint;
use crate::error::ApiError;
use crate::metadata::Metadata;

/// An endpoint to be registered.
#[derive(Debug, Clone, Default)]
pub struct NewEndpoint {
    pub url: String,
    /// `None` draws one.
    pub secret: Option<String>,
    /// Event types, or `*`.
    pub events: Vec<String>,
    pub connect: bool,
    pub description: Option<String>,
    pub metadata: Metadata,
}

/// Endpoints per account, at most, as at Stripe.
const MAX_ENDPOINTS: usize = 16;

/// Registers an endpoint.
pub fn create(act: &mut Act<'_>, new: NewEndpoint) -> Result<Endpoint, ApiError> {
    if !(new.url.starts_with("http://") || new.url.starts_with("https://")) {
        return Err(
            ApiError::malformed("Invalid URL: must start with http:// or https://")
                .code("url_invalid")
                .param("url"),
        );
    }
    let live = act
        .book
        .endpoints
        .iter()
        .filter(|endpoint| !endpoint.deleted)
        .count();
    if live >= MAX_ENDPOINTS {
        return Err(ApiError::invalid(format!(
            "You have reached the maximum of {MAX_ENDPOINTS} test webhook endpoints."
        )));
    }
    let secret = new
        .secret
        .unwrap_or_else(|| super::random_id(act.clock, "whsec_", 32));
    let endpoint = Endpoint {
        id: act.new_id("we_1"),
        created: act.now,
        url: new.url,
        secret,
        events: new.events,
        connect: new.connect,
        description: new.description,
        metadata: new.metadata,
        deleted: false,
    };
    act.book.endpoints.put(endpoint.clone());
    Ok(endpoint)
}

/// Registers an endpoint, or gives the one with this address the new secret and events: what a suite does on each start.
pub fn ensure(act: &mut Act<'_>, new: NewEndpoint) -> Result<Endpoint, ApiError> {
    let known = act.book.endpoints.iter().find(|endpoint| {
        !endpoint.deleted && endpoint.url == new.url && endpoint.connect == new.connect
    });
    let Some(mut endpoint) = known.cloned() else {
        return create(act, new);
    };
    if let Some(secret) = new.secret {
        endpoint.secret = secret;
    }
    endpoint.events = new.events;
    act.book.endpoints.put(endpoint.clone());
    Ok(endpoint)
}

/// Takes an endpoint away.
pub fn delete(act: &mut Act<'_>, id: &str) -> Result<Endpoint, ApiError> {
    let mut endpoint = existing(act, id)?;
    endpoint.deleted = true;
    act.book.endpoints.put(endpoint.clone());
    Ok(endpoint)
}

/// The endpoint, or 404 also when it was deleted.
pub fn existing(act: &Act<'_>, id: &str) -> Result<Endpoint, ApiError> {
    let found = act
        .book
        .endpoints
        .find(id)
        .filter(|endpoint| !endpoint.deleted);
    found
        .cloned()
        .ok_or_else(|| ApiError::missing("webhook endpoint", id, "webhook_endpoint"))
}

impl Endpoint {
    /// Whether it asked for this type of event.
    pub fn wants(&self, kind: &str) -> bool {
        self.events
            .iter()
            .any(|wanted| wanted == "*" || wanted == kind)
    }
}
