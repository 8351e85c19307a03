use super::list_bills::PageAsked;
use crate::domain::sharing::{Schedule, Share};
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use ids::{BillId, ClientId, PracticeId, ShareId};
use pg::Page;

/// More than anybody reads.
const SCHEDULES_MAX: i64 = 500;

/// What was shared, and what will be.
#[derive(Clone, Debug, PartialEq)]
pub struct SharePage {
    /// Soonest first; on the first page only.
    pub scheduled: Vec<Schedule>,
    /// Newest first.
    pub shares: Page<Share>,
}

/// Lists shares of one bill, of one client, or of the practice. Errors: PAGE_TOKEN_INVALID.
pub async fn list_shares(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    of: (Option<BillId>, Option<ClientId>),
    page: PageAsked<'_>,
) -> Result<SharePage> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let before: Option<ShareId> = billing.page_key.open(page.filter, page.token)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    let scheduled = match before {
        None => store::share_schedules::list(&mut tx, practice, of, SCHEDULES_MAX).await?,
        Some(_) => Vec::new(),
    };
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let shares = store::shares::list(&mut tx, practice, of, (before, limit)).await?;
    let seal = (&billing.page_key, page.filter);
    let shares = Page::cut(shares, size, seal, |last| last.share)
        .map_err(|_| Error::Stored("a position that cannot be sealed"))?;
    Ok(SharePage { scheduled, shares })
}
