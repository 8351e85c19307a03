use crate::domain::adjustment::Waiver;
use crate::domain::session::{ChangeKind, Session, SessionState, Waived};
use crate::wire::event;
use crate::wire::session::session_waived;
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, SessionId};
use pg::RequestKey;

/// Says that the client need not pay for an unbilled session. Errors: as SessionService.WaiveSession says.
pub async fn waive_session(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice, id): (PracticeId, SessionId),
    waiver: Waiver,
) -> Result<Session> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return store::recorded_sessions::get(&mut tx, practice, first.into()).await;
    }
    let former = store::session_changes::lock(&mut tx, practice, id).await?;
    match former.state() {
        SessionState::Unbilled => {}
        SessionState::Billed => return Err(Error::SessionAlreadyBilled(id)),
        SessionState::NotBillable => return Err(Error::SessionNotBillable(id)),
    }
    let waived = Waived {
        waiver,
        time: now,
        by: caller.subject.clone(),
    };
    let session = Session {
        revision: former.revision + 1,
        waived: Some(waived),
        ..former.clone()
    };

    let change = (ChangeKind::Waived, caller.subject.as_str());
    store::session_changes::insert(&mut tx, practice, (change, now), &former).await?;
    store::session_changes::update_waived(&mut tx, practice, &session).await?;
    let event = event::of(&billing.clock, &session_waived(&session));
    OUTBOX.append(&mut tx, practice, now, &[event]).await?;
    tx.commit().await?;
    Ok(session)
}
