use super::Answer;
use super::paging::Page;
use crate::book::Act;
use crate::book::disputes::{self, Evidence, Outcome};
use crate::error::ApiError;
use crate::params::Params;
use crate::shape;

/// `GET /v1/disputes`
pub fn list(act: &mut Act<'_>, mut params: Params) -> Answer {
    let page = Page::read(&mut params)?;
    let charge = params.text("charge")?;
    let intent = params.text("payment_intent")?;
    params.finish()?;
    let matches = |wanted: &Option<String>, value: &str| {
        wanted.as_deref().is_none_or(|wanted| wanted == value)
    };
    let book = &*act.book;
    page.of(
        "/v1/disputes",
        &book.disputes,
        |dispute| matches(&charge, &dispute.charge) && matches(&intent, &dispute.intent),
        |dispute| shape::dispute(book, dispute),
    )
}

/// `GET /v1/disputes/:id`
pub fn retrieve(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    params.finish()?;
    let found = disputes::existing(act, id)?;
    Ok(shape::dispute(act.book, &found))
}

/// `POST /v1/disputes/:id` with `evidence[uncategorized_text]` and `submit`, which is true when it is not given.
pub fn update(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let text = match params.hash("evidence")? {
        None => None,
        Some(mut evidence) => {
            let text = evidence.text("uncategorized_text")?;
            evidence.finish()?;
            text
        }
    };
    let given = Evidence {
        submit: params.boolean("submit")?.unwrap_or(true),
        metadata: params.metadata()?,
        text,
    };
    params.finish()?;
    let updated = disputes::update(act, id, given)?;
    Ok(shape::dispute(act.book, &updated))
}

/// `POST /v1/disputes/:id/close`: the loss is accepted.
pub fn close(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    params.finish()?;
    let dispute = disputes::existing(act, id)?;
    if dispute.status.is_inquiry() {
        return Err(ApiError::invalid("An inquiry cannot be closed."));
    }
    let closed = disputes::settle(act, id, Outcome::Lost)?;
    Ok(shape::dispute(act.book, &closed))
}
