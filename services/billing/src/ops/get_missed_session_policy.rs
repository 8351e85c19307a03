use crate::domain::missed::MissedSessionPolicy;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::PracticeId;

/// What missed appointments cost.
pub async fn get_missed_session_policy(
    billing: &Billing,
    caller: &Caller,
    practice_id: PracticeId,
) -> Result<MissedSessionPolicy> {
    caller.within(practice_id)?;
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    store::missed_sessions::get_policy(&mut tx, (practice_id, practice.currency)).await
}
