use crate::domain::payment::Payment;
use crate::{Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::Tx;

/// Takes a client's or insurer's payment into the report. An insurer's decision that paid nothing made no revenue and
/// is none.
pub async fn record_payment(
    tx: &mut Tx,
    caller: &Caller,
    (practice, booked_sequence): (PracticeId, i64),
    payment: &Payment,
) -> Result<()> {
    caller.within(practice)?;
    if payment.amount.is_zero() {
        return Ok(());
    }
    store::payments::insert(tx, practice, booked_sequence, payment).await
}
