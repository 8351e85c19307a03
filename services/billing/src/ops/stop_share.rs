use super::get_bill::{ShownBill, shown};
use crate::{Billing, Error, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use pg::RequestKey;

/// Takes back what is scheduled for a bill. Errors: as ShareService.StopShare says.
pub async fn stop_share(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    practice: PracticeId,
    bill: BillId,
) -> Result<ShownBill> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, bill.uuid(), now).await? {
        return shown(&mut tx, practice, first.into(), now).await;
    }
    store::bills::lock_one(&mut tx, practice, bill).await?;
    if store::share_schedules::delete(&mut tx, practice, &[bill]).await? == 0 {
        return Err(Error::ShareNotScheduled(bill));
    }
    let stopped = shown(&mut tx, practice, bill, now).await?;
    tx.commit().await?;
    Ok(stopped)
}
