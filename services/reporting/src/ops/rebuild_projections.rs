use crate::{REQUESTS, Reporting, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::RequestKey;

/// Throws the practice's projections away and has billing's feed read again. The follower that has the practice is
/// fenced out in the same transaction, so no event of before is counted into what comes after.
pub async fn rebuild_projections(
    reporting: &Reporting,
    caller: &Caller,
    practice: PracticeId,
    key: &RequestKey,
) -> Result<()> {
    caller.within(practice)?;
    let now = reporting.clock.now();
    let mut tx = pg::begin(&reporting.db, practice).await?;
    let first = REQUESTS
        .replayed(&mut tx, key, practice.uuid(), now)
        .await?;
    if first.is_some() {
        return Ok(());
    }
    store::projections::delete(&mut tx, practice).await?;
    tx.commit().await?;
    tracing::info!(practice = %practice, by = %caller.subject, "projections are rebuilt");
    Ok(())
}
