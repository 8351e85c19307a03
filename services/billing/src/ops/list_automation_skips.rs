use super::list_bills::PageAsked;
use crate::store::automation_runs::Skip;
use crate::{Billing, Error, Missing, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, SessionId};
use jiff::civil::Date;
use pg::Page;

/// Lists what a run left out. Errors: RUN_NOT_FOUND, PAGE_TOKEN_INVALID.
pub async fn list_automation_skips(
    billing: &Billing,
    caller: &Caller,
    (practice, run_date): (PracticeId, Date),
    page: PageAsked<'_>,
) -> Result<Page<Skip>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let after: Option<SessionId> = billing.page_key.open(page.filter, page.token)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    let run = store::automation_runs::list(&mut tx, practice, (Some(run_date), None), 1).await?;
    if run.is_empty() {
        return Err(Error::Missing(Missing::Run(run_date)));
    }
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let skips =
        store::automation_runs::list_skips(&mut tx, practice, run_date, (after, limit)).await?;
    let seal = (&billing.page_key, page.filter);
    Page::cut(skips, size, seal, |last| last.session)
        .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
