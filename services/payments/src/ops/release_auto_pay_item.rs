use super::known_bills;
use crate::{Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use pg::RequestKey;

/// Gives a bill back to AutoPay. Errors: as AutoPayService.ReleaseAutoPayItem says.
pub async fn release_auto_pay_item(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    (practice, bill): (PracticeId, BillId),
) -> Result<()> {
    caller.within(practice)?;
    let now = payments.clock.now();
    loop {
        let mut tx = pg::begin(&payments.db, practice).await?;
        if REQUESTS
            .replayed(&mut tx, key, bill.uuid(), now)
            .await?
            .is_some()
        {
            return Ok(());
        }
        match known_bills::find(&mut tx, practice, &[bill]).await? {
            Ok(_) => {
                let by = (bill, caller.subject.as_str());
                store::autopay_holds::release(&mut tx, practice, by, now).await?;
                return Ok(tx.commit().await?);
            }
            Err(unknown) => {
                drop(tx);
                known_bills::learn(payments, practice, unknown).await?;
            }
        }
    }
}
