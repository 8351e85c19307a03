use super::issue_access_code::draw;
use crate::{Error, OUTBOX, PortalAuth, REQUESTS, Result, store, wire};
use ::rpc::Caller;
use ids::{BillId, EventId, PracticeId};
use jiff::Timestamp;
use pg::{Announcement, RequestKey};

/// Puts a new code in place of a bill's, live or burned, and answers when the bill's code was made. notifications sends
/// it when it hears of it. Errors: as AccessCodeService.ReissueAccessCode says.
pub async fn reissue_access_code(
    portal: &PortalAuth,
    caller: &Caller,
    key: &RequestKey,
    practice_id: PracticeId,
    bill_id: BillId,
) -> Result<Timestamp> {
    caller.within(practice_id)?;
    let now = portal.clock.now();
    let reference = {
        let mut tx = pg::begin(&portal.db, practice_id).await?;
        store::access_codes::find_reference(&mut tx, practice_id, bill_id).await?
    };
    let reference = reference.ok_or(Error::AccessCodeNotFound(bill_id))?;
    let (_, kept) = draw(portal, (practice_id, bill_id), &reference, now).await?;

    let mut tx = pg::begin(&portal.db, practice_id).await?;
    let first = REQUESTS.replayed(&mut tx, key, bill_id.uuid(), now).await?;
    let code = store::access_codes::lock(&mut tx, practice_id, bill_id)
        .await?
        .ok_or(Error::AccessCodeNotFound(bill_id))?;
    if first.is_some() {
        return Ok(code.issue_time);
    }
    if code.standing.retired {
        return Err(Error::AccessCodeNotFound(bill_id));
    }
    store::access_codes::replace(&mut tx, practice_id, bill_id, &kept).await?;
    let event = wire::access_code_reissued(bill_id, kept.issue_time);
    let announcement = Announcement::of(EventId::new(&portal.clock), &event);
    OUTBOX
        .append(&mut tx, practice_id, now, &[announcement])
        .await?;
    tx.commit().await?;
    Ok(kept.issue_time)
}
