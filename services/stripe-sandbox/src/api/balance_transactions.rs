use super::Answer;
use super::paging::Page;
use crate::book::{Act, payouts};
use crate::error::ApiError;
use crate::params::Params;
use crate::shape;

/// `GET /v1/balance_transactions`
pub fn list(act: &mut Act<'_>, mut params: Params) -> Answer {
    let page = Page::read(&mut params)?;
    let kind = params.text("type")?;
    let source = params.text("source")?;
    let currency = params.text("currency")?;
    let payout = params.text("payout")?;
    params.finish()?;
    if let Some(id) = &payout {
        let by_schedule = payouts::existing(act, id)?.automatic;
        if !by_schedule {
            return Err(ApiError::invalid(
                "Balance transaction history can only be filtered on automatic transfers, not manual.",
            )
            .param("payout"));
        }
    }
    let matches = |wanted: &Option<String>, value: &str| {
        wanted.as_deref().is_none_or(|wanted| wanted == value)
    };
    page.of(
        "/v1/balance_transactions",
        &act.book.transactions,
        |row| {
            matches(&kind, &row.kind)
                && matches(&source, &row.source)
                && matches(&currency, &row.currency)
                && matches(&payout, row.payout.as_deref().unwrap_or_default())
        },
        shape::transaction,
    )
}

/// `GET /v1/balance_transactions/:id`
pub fn retrieve(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    params.finish()?;
    let found = act
        .book
        .transactions
        .find(id)
        .ok_or_else(|| ApiError::missing("balance transaction", id, "id"))?;
    Ok(shape::transaction(found))
}
