use crate::domain::session::Session;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, SessionId};

/// Reads a session. Errors: SESSION_NOT_FOUND.
pub async fn get_session(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    session: SessionId,
) -> Result<Session> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    store::recorded_sessions::get(&mut tx, practice, session).await
}
