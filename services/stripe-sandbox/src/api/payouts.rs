use super::Answer;
use super::paging::{Page, Range};
use crate::book::{Act, payouts};
use crate::params::Params;
use crate::shape;

/// `GET /v1/payouts`
pub fn list(act: &mut Act<'_>, mut params: Params) -> Answer {
    let page = Page::read(&mut params)?;
    let arrival = Range::read(&mut params, "arrival_date")?;
    let status = params.text("status")?;
    params.finish()?;
    page.of(
        "/v1/payouts",
        &act.book.payouts,
        |row| {
            arrival.holds(row.arrival_date)
                && status
                    .as_deref()
                    .is_none_or(|wanted| wanted == row.status.word())
        },
        shape::payout,
    )
}

/// `GET /v1/payouts/:id`
pub fn retrieve(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    params.finish()?;
    Ok(shape::payout(&payouts::existing(act, id)?))
}
