use super::PageAsked;
use crate::store::comparisons::Discrepancy;
use crate::{Error, Payments, Result, store};
use ::rpc::Caller;
use ids::{DiscrepancyId, PracticeId};
use pg::Page;

/// Lists what the processor's books and ours disagree about, newest first. Errors: PAGE_TOKEN_INVALID.
pub async fn list_discrepancies(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    page: PageAsked<'_>,
) -> Result<Page<Discrepancy>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let below: Option<DiscrepancyId> = payments.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let rows = store::comparisons::list(&mut tx, practice, (below, limit)).await?;
    Page::cut(rows, size, (&payments.page_key, page.filter), |last| {
        last.discrepancy
    })
    .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
