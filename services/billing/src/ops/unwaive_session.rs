use crate::domain::session::{ChangeKind, Session};
use crate::wire::event;
use crate::wire::session::session_unwaived;
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, SessionId};
use pg::RequestKey;

/// Takes the waiver of an unbilled session back. Errors: as SessionService.UnwaiveSession says.
pub async fn unwaive_session(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice, id): (PracticeId, SessionId),
) -> Result<Session> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return store::recorded_sessions::get(&mut tx, practice, first.into()).await;
    }
    let former = store::session_changes::lock(&mut tx, practice, id).await?;
    if former.bill.is_some() {
        return Err(Error::SessionAlreadyBilled(id));
    }
    if former.waived.is_none() {
        tx.commit().await?;
        return Ok(former);
    }
    let session = Session {
        revision: former.revision + 1,
        waived: None,
        ..former.clone()
    };

    let change = (ChangeKind::Unwaived, caller.subject.as_str());
    store::session_changes::insert(&mut tx, practice, (change, now), &former).await?;
    store::session_changes::update_waived(&mut tx, practice, &session).await?;
    let event = event::of(&billing.clock, &session_unwaived(&session));
    OUTBOX.append(&mut tx, practice, now, &[event]).await?;
    tx.commit().await?;
    Ok(session)
}
