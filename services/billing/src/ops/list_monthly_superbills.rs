use super::list_bills::PageAsked;
use crate::store::monthly_superbills::{File, MonthlySuperbill};
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use ids::{ClientId, DocumentId, PracticeId};
use pg::Page;

/// Lists superbills that made themselves, with their files. Errors: CLIENT_NOT_FOUND, PAGE_TOKEN_INVALID.
pub async fn list_monthly_superbills(
    billing: &Billing,
    caller: &Caller,
    (practice, client): (PracticeId, Option<ClientId>),
    page: PageAsked<'_>,
) -> Result<Page<(MonthlySuperbill, Option<File>)>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let before: Option<DocumentId> = billing.page_key.open(page.filter, page.token)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(client) = client {
        caller.sees_client(client)?;
        store::people::require_client(&mut tx, practice, client).await?;
    }
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let page_asked = (before, limit);
    let listed = store::monthly_superbills::list(&mut tx, practice, client, page_asked).await?;
    let seal = (&billing.page_key, page.filter);
    Page::cut(listed, size, seal, |(last, _)| last.document)
        .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
