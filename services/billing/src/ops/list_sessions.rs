use super::list_bills::PageAsked;
use crate::domain::session::Session;
use crate::store::session_lists::{self, Order, Position, SessionFilter};
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use money::Money;
use pg::Page;

/// A page of sessions, and what all pages sum up to.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionPage {
    /// In the order that was asked for.
    pub sessions: Page<Session>,
    /// How many match.
    pub count: i64,
    /// What they sum up to.
    pub total: Money,
}

/// Lists sessions; those that are unbilled are the Pending list. Errors: PAGE_TOKEN_INVALID.
pub async fn list_sessions(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    (filter, order): (&SessionFilter, Order),
    page: PageAsked<'_>,
) -> Result<SessionPage> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let after: Option<Position> = billing.page_key.open(page.filter, page.token)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    let currency = store::practices::get(&mut tx, practice).await?.currency;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let sessions = session_lists::list(&mut tx, practice, (filter, order), (after, limit)).await?;
    let (count, total) = session_lists::totals(&mut tx, practice, filter, currency).await?;
    let seal = (&billing.page_key, page.filter);
    let sessions = Page::cut(sessions, size, seal, Position::of)
        .map_err(|_| Error::Stored("a position that cannot be sealed"))?;
    Ok(SessionPage {
        sessions,
        count,
        total,
    })
}
