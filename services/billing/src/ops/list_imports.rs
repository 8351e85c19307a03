use super::list_bills::PageAsked;
use crate::domain::import::Import;
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use ids::{ImportId, PracticeId};
use pg::Page;

/// Lists imports, newest first, without their mistakes. Errors: PAGE_TOKEN_INVALID.
pub async fn list_imports(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    page: PageAsked<'_>,
) -> Result<Page<Import>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let before: Option<ImportId> = billing.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&billing.db, practice).await?;
    let imports = store::imports::list(&mut tx, practice, (before, limit)).await?;
    let seal = (&billing.page_key, page.filter);
    Page::cut(imports, size, seal, |last| last.import)
        .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
