use crate::store::automation_runs::{Run, RunKey};
use crate::{Billing, Error, Missing, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, RunId};

/// Reads a run by hand. Errors: RUN_NOT_FOUND.
pub async fn get_automation_run(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    run: RunId,
) -> Result<Run> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    store::automation_runs::find(&mut tx, practice, RunKey::ByHand(run))
        .await?
        .ok_or(Error::Missing(Missing::RunByHand(run)))
}
