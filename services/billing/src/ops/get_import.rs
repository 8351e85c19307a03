use crate::domain::import::Import;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{ImportId, PracticeId};

/// Reads an import. Errors: IMPORT_NOT_FOUND.
pub async fn get_import(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    import: ImportId,
) -> Result<Import> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    store::imports::get(&mut tx, practice, import).await
}
