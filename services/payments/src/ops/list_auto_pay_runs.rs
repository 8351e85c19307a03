use super::PageAsked;
use crate::store::autopay_runs::Run;
use crate::{Error, Payments, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use jiff::civil::Date;
use pg::Page;

/// Lists the practice's nights, newest first. Errors: PAGE_TOKEN_INVALID.
pub async fn list_auto_pay_runs(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    page: PageAsked<'_>,
) -> Result<Page<Run>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let before: Option<Date> = payments.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let runs = store::autopay_runs::list(&mut tx, practice, (before, limit)).await?;
    Page::cut(runs, size, (&payments.page_key, page.filter), |last| {
        last.run_date
    })
    .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
