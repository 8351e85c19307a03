use super::get_bill::{ShownBill, shown};
use crate::domain::sharing::{Schedule, may_schedule};
use crate::{Billing, Error, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{BillId, PracticeId};
use jiff::Timestamp;
use pg::RequestKey;

/// Has a bill shared at a later time. With no word on the PDF the policy's goes. Errors: as ShareService.ScheduleShare
/// says.
pub async fn schedule_share(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice, bill): (PracticeId, BillId),
    (scheduled_time, with_pdf): (Timestamp, Option<bool>),
) -> Result<ShownBill> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, bill.uuid(), now).await? {
        return shown(&mut tx, practice, first.into(), now).await;
    }
    if !may_schedule(scheduled_time, now) {
        let must = "must be after now, and at most a year ahead";
        return Err(Invalid::new("scheduled_time", must).into());
    }
    let standing = store::bills::lock_one(&mut tx, practice, bill)
        .await?
        .standing;
    if standing.cancelled {
        return Err(Error::BillCancelled(bill));
    }
    let client = standing.client;
    if store::people::find_billing_email(&mut tx, practice, client)
        .await?
        .is_none()
    {
        return Err(Error::NoEmailAddress(client));
    }
    let policy = store::share_policies::get_for(&mut tx, practice, client).await?;
    let schedule = Schedule {
        bill,
        client,
        scheduled_time,
        with_pdf: with_pdf.unwrap_or(policy.with_pdf),
        scheduled_by: Some(caller.subject.clone()),
        block: None,
    };
    store::share_schedules::upsert(&mut tx, practice, &[schedule]).await?;
    let scheduled = shown(&mut tx, practice, bill, now).await?;
    tx.commit().await?;
    Ok(scheduled)
}
