use super::PageAsked;
use crate::store::autopay_report::Item;
use crate::{Error, Missing, Payments, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use jiff::civil::Date;
use pg::Page;

/// Lists what became of each bill in a night. Errors: RUN_NOT_FOUND, PAGE_TOKEN_INVALID.
pub async fn list_auto_pay_items(
    payments: &Payments,
    caller: &Caller,
    (practice, run_date): (PracticeId, Date),
    page: PageAsked<'_>,
) -> Result<Page<Item>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let after: Option<BillId> = payments.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&payments.db, practice).await?;
    if store::autopay_runs::find(&mut tx, practice, run_date)
        .await?
        .is_none()
    {
        return Err(Error::Missing(Missing::Run(run_date)));
    }
    let mut items =
        store::autopay_report::list(&mut tx, practice, run_date, (after, limit)).await?;
    store::autopay_report::name_methods(&mut tx, practice, &mut items).await?;
    Page::cut(items, size, (&payments.page_key, page.filter), |last| {
        last.bill
    })
    .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
