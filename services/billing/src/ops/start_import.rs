use crate::domain::import::{Import, OPEN_MAX};
use crate::{Billing, ImportRefusal, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{ImportId, PracticeId};
use pg::RequestKey;

/// Begins an import. Errors: TOO_MANY_OPEN_IMPORTS.
pub async fn start_import(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    practice: PracticeId,
) -> Result<Import> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let id = ImportId::new(&billing.clock);
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return store::imports::get(&mut tx, practice, first.into()).await;
    }
    store::practices::get(&mut tx, practice).await?;
    if store::imports::count_open(&mut tx, practice).await? >= OPEN_MAX {
        return Err(ImportRefusal::TooManyOpen.into());
    }
    store::imports::insert(&mut tx, practice, (id, now)).await?;
    let import = store::imports::get(&mut tx, practice, id).await?;
    tx.commit().await?;
    Ok(import)
}
