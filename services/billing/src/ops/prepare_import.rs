use super::import_content;
use crate::domain::import::Import;
use crate::{Billing, ImportRefusal, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{ImportId, PracticeId};
use pg::RequestKey;

/// Reads and checks an import's files and keeps what was found; nothing of them is taken. Errors: as
/// ImportService.PrepareImport says.
pub async fn prepare_import(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, import): (PracticeId, ImportId),
) -> Result<Import> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, import.uuid(), now).await? {
        return store::imports::get(&mut tx, practice_id, first.into()).await;
    }
    let state = store::imports::lock(&mut tx, practice_id, import).await?;
    if !state.is_before_commit() {
        return Err(ImportRefusal::Closed(import).into());
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let mut content = import_content::read(billing, &mut tx, &practice, import).await?;
    content.check(&mut tx, practice_id, import).await?;

    let found = content.found();
    let count = content.mistakes.count();
    let shown = content.mistakes.shown();
    let of = (import, now);
    store::import_findings::update_prepared(&mut tx, practice_id, of, &found, (count, &shown))
        .await?;
    let import = store::imports::get(&mut tx, practice_id, import).await?;
    tx.commit().await?;
    Ok(import)
}
