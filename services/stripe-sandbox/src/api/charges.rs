use super::Answer;
use super::paging::Page;
use crate::book::Act;
use crate::error::ApiError;
use crate::params::Params;
use crate::shape;

/// `GET /v1/charges`
pub fn list(act: &mut Act<'_>, mut params: Params) -> Answer {
    let page = Page::read(&mut params)?;
    let customer = params.text("customer")?;
    let intent = params.text("payment_intent")?;
    params.finish()?;
    let book = &*act.book;
    page.of(
        "/v1/charges",
        &book.charges,
        |charge| {
            (customer.is_none() || customer == charge.customer)
                && intent
                    .as_ref()
                    .is_none_or(|wanted| *wanted == charge.intent)
        },
        |charge| shape::charge(book, charge),
    )
}

/// `GET /v1/charges/:id`
pub fn retrieve(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    params.finish()?;
    let found = act
        .book
        .charges
        .find(id)
        .ok_or_else(|| ApiError::missing("charge", id, "id"))?;
    Ok(shape::charge(act.book, found))
}
