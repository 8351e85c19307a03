use super::PageAsked;
use crate::store::disputes::{Dispute, DisputeFilter};
use crate::{Error, Payments, Result, store};
use ::rpc::Caller;
use ids::{DisputeId, PracticeId};
use pg::Page;

/// Lists disputes, newest first. Errors: PAGE_TOKEN_INVALID.
pub async fn list_disputes(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    filter: DisputeFilter,
    page: PageAsked<'_>,
) -> Result<Page<Dispute>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let below: Option<DisputeId> = payments.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let rows = store::disputes::list(&mut tx, practice, filter, (below, limit)).await?;
    Page::cut(rows, size, (&payments.page_key, page.filter), |last| {
        last.dispute
    })
    .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
