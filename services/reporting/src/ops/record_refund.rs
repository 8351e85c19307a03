use crate::{Result, store};
use ::rpc::Caller;
use ids::{PaymentId, PracticeId, RefundId};
use pg::Tx;

/// Takes a refund into its payment's row. How much of it went back is in its entry.
pub async fn record_refund(
    tx: &mut Tx,
    caller: &Caller,
    practice: PracticeId,
    (refund, payment): (RefundId, PaymentId),
) -> Result<()> {
    caller.within(practice)?;
    store::refunds::set_payment(tx, practice, refund, payment).await
}
