use super::PageAsked;
use crate::store::payouts::{Payout, PayoutFilter};
use crate::{Error, Payments, Result, store};
use ::rpc::Caller;
use ids::{PayoutId, PracticeId};
use jiff::civil::Date;
use pg::Page;

/// Lists payouts, the latest arrival first. Errors: PAGE_TOKEN_INVALID.
pub async fn list_payouts(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    filter: PayoutFilter,
    page: PageAsked<'_>,
) -> Result<Page<Payout>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let below: Option<(Date, PayoutId)> = payments.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let rows = store::payouts::list(&mut tx, practice, filter, (below, limit)).await?;
    Page::cut(rows, size, (&payments.page_key, page.filter), |last| {
        (last.arrival_date, last.payout)
    })
    .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
