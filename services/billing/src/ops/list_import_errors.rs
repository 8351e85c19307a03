use super::list_bills::PageAsked;
use crate::domain::import::Mistake;
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use ids::{ImportId, PracticeId};
use pg::Page;

/// A page of an import's mistakes, and how many there are.
#[derive(Clone, Debug, PartialEq)]
pub struct MistakePage {
    /// By file and line, each with its position.
    pub mistakes: Page<(i32, Mistake)>,
    /// Also those that are not kept.
    pub count: i32,
}

/// Lists the mistakes that are kept of an import. Errors: IMPORT_NOT_FOUND, PAGE_TOKEN_INVALID.
pub async fn list_import_errors(
    billing: &Billing,
    caller: &Caller,
    (practice, import): (PracticeId, ImportId),
    page: PageAsked<'_>,
) -> Result<MistakePage> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let after: Option<i32> = billing.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&billing.db, practice).await?;
    let count = store::imports::get(&mut tx, practice, import)
        .await?
        .mistake_count;
    let mistakes =
        store::import_findings::mistakes(&mut tx, practice, import, (after, limit)).await?;
    let seal = (&billing.page_key, page.filter);
    let mistakes = Page::cut(mistakes, size, seal, |(position, _)| *position)
        .map_err(|_| Error::Stored("a position that cannot be sealed"))?;
    Ok(MistakePage { mistakes, count })
}
