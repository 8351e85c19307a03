use super::list_bills::PageAsked;
use crate::store::client_documents::{
    ClientDocument, DocumentFilter, DocumentTotals, Order, Position, list, totals,
};
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::Page;

/// Lists a client's documents. Errors: CLIENT_NOT_FOUND, PAGE_TOKEN_INVALID.
pub async fn list_client_documents(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    (filter, order): (&DocumentFilter, Order),
    page: PageAsked<'_>,
) -> Result<(Page<ClientDocument>, DocumentTotals)> {
    caller.within(practice)?;
    caller.sees_client(filter.client)?;
    let size = pg::page_size(page.size)?;
    let after: Option<Position> = billing.page_key.open(page.filter, page.token)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    let currency = store::practices::get(&mut tx, practice).await?.currency;
    store::people::require_client(&mut tx, practice, filter.client).await?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let documents = list(&mut tx, practice, (filter, order), (after, limit)).await?;
    let totals = totals(&mut tx, practice, (filter, currency)).await?;
    let seal = (&billing.page_key, page.filter);
    let documents = Page::cut(documents, size, seal, |last| Position {
        key: Some(order.key(last)),
        date: last.date,
        id: last.id.as_u64_pair(),
    })
    .map_err(|_| Error::Stored("a position that cannot be sealed"))?;
    Ok((documents, totals))
}
