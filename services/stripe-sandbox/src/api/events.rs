use super::Answer;
use super::paging::Page;
use crate::book::Act;
use crate::error::ApiError;
use crate::params::Params;
use crate::shape;

/// `GET /v1/events`; `type` may end in `.*`.
pub fn list(act: &mut Act<'_>, mut params: Params) -> Answer {
    let page = Page::read(&mut params)?;
    let mut kinds = params.list("types")?;
    kinds.extend(params.text("type")?);
    params.finish()?;
    let wanted = |kind: &str| {
        kinds.iter().any(|wanted| {
            wanted == kind
                || wanted
                    .strip_suffix('*')
                    .is_some_and(|stem| kind.starts_with(stem))
        })
    };
    let book = &*act.book;
    page.of(
        "/v1/events",
        &book.events,
        |event| kinds.is_empty() || wanted(&event.kind),
        |event| shape::event(book, event),
    )
}

/// `GET /v1/events/:id`
pub fn retrieve(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    params.finish()?;
    let found = act
        .book
        .events
        .find(id)
        .ok_or_else(|| ApiError::missing("event", id, "id"))?;
    Ok(shape::event(act.book, found))
}
