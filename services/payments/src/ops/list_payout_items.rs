use super::PageAsked;
use crate::store::payout_items::ListedItem;
use crate::{Error, Payments, Result, store};
use ::rpc::Caller;
use ids::{PayoutId, PracticeId};
use pg::Page;

/// Lists what a payout paid out, in the order in which it moved. Errors: PAYOUT_NOT_FOUND, PAGE_TOKEN_INVALID.
pub async fn list_payout_items(
    payments: &Payments,
    caller: &Caller,
    (practice, payout): (PracticeId, PayoutId),
    page: PageAsked<'_>,
) -> Result<Page<ListedItem>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let above: Option<i32> = payments.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let found = store::payouts::get(&mut tx, practice, payout).await?;
    let (currency, from) = (found.gross.currency(), (above.unwrap_or(0), limit));
    let rows = store::payout_items::list(&mut tx, (practice, payout), currency, from).await?;
    Page::cut(rows, size, (&payments.page_key, page.filter), |last| {
        last.position
    })
    .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
