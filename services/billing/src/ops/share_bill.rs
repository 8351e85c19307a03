use super::get_bill::{ShownBill, shown};
use crate::wire::event;
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId, ShareId};
use pg::RequestKey;

/// Has a bill sent to its billing contact; notifications does it when it hears of it. Errors: as BillService.ShareBill
/// says.
pub async fn share_bill(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice, bill): (PracticeId, BillId),
    without_pdf: bool,
) -> Result<ShownBill> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, bill.uuid(), now).await? {
        return shown(&mut tx, practice, first.into(), now).await;
    }
    let before = store::bills::lock_one(&mut tx, practice, bill).await?;
    if before.standing.cancelled {
        return Err(Error::BillCancelled(bill));
    }
    let client = before.standing.client;
    if store::people::find_billing_email(&mut tx, practice, client)
        .await?
        .is_none()
    {
        return Err(Error::NoEmailAddress(client));
    }
    store::bills::update_shared(&mut tx, practice, bill, now).await?;
    let shared = shown(&mut tx, practice, bill, now).await?;
    let share = ShareId::new(&billing.clock);
    let events = [event::of(
        &billing.clock,
        &event::bill_shared(&shared.bill, without_pdf, share),
    )];
    OUTBOX.append(&mut tx, practice, now, &events).await?;
    tx.commit().await?;
    Ok(shared)
}
