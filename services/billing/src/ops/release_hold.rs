use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{PaymentId, PracticeId};

/// Ends a payment's hold; one that has ended is fine. Errors: none of its own.
pub async fn release_hold(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<()> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    store::holds::release(&mut tx, practice, payment).await?;
    Ok(tx.commit().await?)
}
