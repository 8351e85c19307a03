use crate::store::session_changes::SessionChange;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, SessionId};

/// What was changed in a session, newest first. Errors: SESSION_NOT_FOUND.
pub async fn list_session_changes(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    session: SessionId,
) -> Result<Vec<SessionChange>> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    let session = store::recorded_sessions::get(&mut tx, practice, session).await?;
    store::session_changes::list(&mut tx, practice, &session).await
}
