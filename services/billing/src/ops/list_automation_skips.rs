use super::list_bills::PageAsked;
use crate::store::automation_runs::RunKey;
use crate::store::automation_skips::Skip;
use crate::{Billing, Error, Missing, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, SessionId};
use pg::Page;

/// Lists what a run left out. Errors: RUN_NOT_FOUND, PAGE_TOKEN_INVALID.
pub async fn list_automation_skips(
    billing: &Billing,
    caller: &Caller,
    (practice, run): (PracticeId, RunKey),
    page: PageAsked<'_>,
) -> Result<Page<Skip>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let after: Option<SessionId> = billing.page_key.open(page.filter, page.token)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    let found = store::automation_runs::find(&mut tx, practice, run).await?;
    if found.is_none() {
        return Err(Error::Missing(match run {
            RunKey::Night(date) => Missing::Run(date),
            RunKey::ByHand(run) => Missing::RunByHand(run),
        }));
    }
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let skips = store::automation_skips::list(&mut tx, practice, run, (after, limit)).await?;
    let seal = (&billing.page_key, page.filter);
    Page::cut(skips, size, seal, |last| last.session)
        .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
