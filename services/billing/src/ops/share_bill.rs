use super::get_bill::{ShownBill, shown};
use super::share::{ToShare, share};
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use pg::RequestKey;

/// Has a bill sent to its billing contact now, in place of any later time; notifications does it when it hears of it.
/// With no word on the PDF the policy's goes. Errors: as BillService.ShareBill says.
pub async fn share_bill(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice, bill): (PracticeId, BillId),
    with_pdf: Option<bool>,
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
    let with_pdf = match with_pdf {
        Some(with_pdf) => with_pdf,
        None => {
            store::share_policies::get_for(&mut tx, practice, client)
                .await?
                .with_pdf
        }
    };
    let asked = [ToShare {
        bill: before,
        with_pdf,
        shared_by: Some(caller.subject.clone()),
        scheduled: false,
    }];
    let events = share(billing, &mut tx, practice, &asked, now).await?;
    let shared = shown(&mut tx, practice, bill, now).await?;
    OUTBOX.append(&mut tx, practice, now, &events).await?;
    tx.commit().await?;
    Ok(shared)
}
