use super::PageAsked;
use crate::store::payout_items::ListedItem;
use crate::{Error, Payments, Result, store};
use ::rpc::Caller;
use ids::{PayoutItemId, PracticeId};
use pg::Page;

/// Lists what was paid out in the practice's name and is not in its books. Errors: PAGE_TOKEN_INVALID.
pub async fn list_unclaimed_payout_items(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    page: PageAsked<'_>,
) -> Result<Page<ListedItem>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let above: Option<PayoutItemId> = payments.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let from = (above, limit);
    let rows = store::unclaimed_payout_items::list(&mut tx, practice, None, from).await?;
    Page::cut(rows, size, (&payments.page_key, page.filter), |last| {
        last.item.item
    })
    .map_err(|_| Error::Stored("an id that cannot be sealed"))
}
