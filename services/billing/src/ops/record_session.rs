use super::session_content::{SessionContent, Surroundings};
use crate::domain::session::Session;
use crate::wire::event;
use crate::wire::session::session_recorded;
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, SessionId};
use pg::{OnConstraint as _, RequestKey};

/// Records a session, which is on the Pending list from then on when it is billable. Errors: as
/// SessionService.RecordSession says.
pub async fn record_session(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice, content): (PracticeId, SessionContent),
) -> Result<Session> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let id = SessionId::new(&billing.clock);
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return store::recorded_sessions::get(&mut tx, practice, first.into()).await;
    }
    let surroundings = Surroundings::read(&mut tx, practice, &[&content]).await?;
    let session = surroundings.session((id, now), content)?;

    store::new_sessions::insert(&mut tx, practice, std::slice::from_ref(&session))
        .await
        .on_constraint("sessions_external_reference_key", || {
            Error::ExternalReferenceTaken
        })?;
    let event = event::of(&billing.clock, &session_recorded(&session));
    OUTBOX.append(&mut tx, practice, now, &[event]).await?;
    tx.commit().await?;
    Ok(session)
}
