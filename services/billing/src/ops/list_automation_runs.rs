use super::list_bills::PageAsked;
use crate::store::automation_runs::Run;
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, RunId};
use jiff::civil::Date;
use pg::Page;

/// Lists the practice's runs, newest first. Errors: PAGE_TOKEN_INVALID.
pub async fn list_automation_runs(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    page: PageAsked<'_>,
) -> Result<Page<Run>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let before: Option<(Date, Option<RunId>)> = billing.page_key.open(page.filter, page.token)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let runs = store::automation_runs::list(&mut tx, practice, before, limit).await?;
    let seal = (&billing.page_key, page.filter);
    Page::cut(runs, size, seal, |last| {
        (
            last.run_date,
            last.by_hand.as_ref().map(|by_hand| by_hand.run),
        )
    })
    .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
