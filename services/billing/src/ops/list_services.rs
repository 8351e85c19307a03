use super::list_bills::PageAsked;
use crate::domain::fee::Service;
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use jiff::civil::Date;
use pg::Page;

/// A page of the catalogue by code, and the day that is today; without what is retired then, unless asked for. Errors:
/// PAGE_TOKEN_INVALID.
pub async fn list_services(
    billing: &Billing,
    caller: &Caller,
    practice_id: PracticeId,
    include_retired: bool,
    page: PageAsked<'_>,
) -> Result<(Page<Service>, Date)> {
    caller.within(practice_id)?;
    let size = pg::page_size(page.size)?;
    let after: Option<String> = billing.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let today = practice.local_date(now)?;
    let offered = (!include_retired).then_some(today);
    let tenant = (practice_id, practice.currency);
    let services =
        store::services::list(&mut tx, tenant, offered, (after.as_deref(), limit)).await?;
    let seal = (&billing.page_key, page.filter);
    let services = Page::cut(services, size, seal, |last| last.code.clone())
        .map_err(|_| Error::Stored("a position that cannot be sealed"))?;
    Ok((services, today))
}
