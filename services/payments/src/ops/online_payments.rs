//! The switch, between the calls to the processor.

use crate::wire::event;
use crate::{Error, OUTBOX, Payments, REQUESTS, Result, store};
use ids::PracticeId;
use pg::RequestKey;

/// Whether the practice takes online payments.
pub(super) async fn are_on(payments: &Payments, practice: PracticeId) -> Result<bool> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    Ok(store::practices::get(&mut tx, practice)
        .await?
        .online_payments)
}

/// Turns them on or off, unless the request did so before or there is a reason not to; answers how it is then.
pub(super) async fn set(
    payments: &Payments,
    practice: PracticeId,
    key: &RequestKey,
    (enabled, refusal): (bool, Option<Error>),
) -> Result<bool> {
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let before = REQUESTS
        .replayed(&mut tx, key, practice.uuid(), now)
        .await?;
    if before.is_some() {
        return Ok(store::practices::get(&mut tx, practice)
            .await?
            .online_payments);
    }
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    if store::practices::set_online_payments(&mut tx, practice, enabled).await? {
        let events = [event::online_payments_set(&payments.clock, enabled)];
        OUTBOX.append(&mut tx, practice, now, &events).await?;
    }
    tx.commit().await?;
    Ok(enabled)
}
