use super::session_content::{SessionContent, Surroundings};
use crate::domain::session::{ChangeKind, Session};
use crate::wire::event;
use crate::wire::session::session_corrected;
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{PracticeId, SessionId};
use pg::{OnConstraint as _, RequestKey};

/// What a session says from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct CorrectSession {
    /// The practice.
    pub practice: PracticeId,
    /// The session.
    pub session: SessionId,
    /// The revision it was made from; none for whichever.
    pub revision: Option<i64>,
    /// The whole content.
    pub content: SessionContent,
}

/// Replaces what an unbilled session says and keeps what it said. Errors: as SessionService.CorrectSession says.
pub async fn correct_session(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: CorrectSession,
) -> Result<Session> {
    let (practice, id) = (asked.practice, asked.session);
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return store::recorded_sessions::get(&mut tx, practice, first.into()).await;
    }
    // Keeps the client, and clients are locked before sessions.
    let surroundings = Surroundings::read(&mut tx, practice, &[&asked.content]).await?;
    let former = store::session_changes::lock(&mut tx, practice, id).await?;
    if asked.revision.is_some_and(|read| read != former.revision) {
        return Err(Error::SessionChanged(id));
    }
    if former.bill.is_some() {
        return Err(Error::SessionAlreadyBilled(id));
    }
    if asked.content.client != former.client {
        return Err(Invalid::new("session.client_id", "must be the session's client").into());
    }
    let session = surroundings.corrected(&former, asked.content)?;

    let change = (ChangeKind::Corrected, caller.subject.as_str());
    store::session_changes::insert(&mut tx, practice, (change, now), &former).await?;
    store::session_changes::replace(&mut tx, practice, &session)
        .await
        .on_constraint("sessions_external_reference_key", || {
            Error::ExternalReferenceTaken
        })?;
    let event = event::of(&billing.clock, &session_corrected(&session, &former));
    OUTBOX.append(&mut tx, practice, now, &[event]).await?;
    tx.commit().await?;
    Ok(session)
}
