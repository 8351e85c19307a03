use super::Answer;
use super::paging::Page;
use crate::book::Act;
use crate::book::endpoints::{self, NewEndpoint};
use crate::metadata::Metadata;
use crate::params::{ParamError, Params};
use crate::shape;

/// `POST /v1/webhook_endpoints`; the answer shows the secret once.
pub fn create(act: &mut Act<'_>, mut params: Params) -> Answer {
    let url = params.required("url")?;
    let events = params.list("enabled_events")?;
    let connect = params.boolean("connect")?.unwrap_or(false);
    let description = params.text("description")?;
    params.text("api_version")?;
    let mut metadata = Metadata::new();
    if let Some(change) = params.metadata()? {
        change.apply(&mut metadata)?;
    }
    params.finish()?;
    if events.is_empty() {
        return Err(ParamError::Missing("enabled_events".to_owned()).into());
    }
    let new = NewEndpoint {
        url,
        secret: None,
        events,
        connect,
        description,
        metadata,
    };
    Ok(shape::endpoint(&endpoints::create(act, new)?, true))
}

/// `GET /v1/webhook_endpoints`
pub fn list(act: &mut Act<'_>, mut params: Params) -> Answer {
    let page = Page::read(&mut params)?;
    params.finish()?;
    page.of(
        "/v1/webhook_endpoints",
        &act.book.endpoints,
        |endpoint| !endpoint.deleted,
        |endpoint| shape::endpoint(endpoint, false),
    )
}

/// `GET /v1/webhook_endpoints/:id`
pub fn retrieve(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    params.finish()?;
    Ok(shape::endpoint(&endpoints::existing(act, id)?, false))
}

/// `DELETE /v1/webhook_endpoints/:id`
pub fn delete(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    params.finish()?;
    endpoints::delete(act, id)?;
    Ok(shape::deleted_endpoint(id))
}
