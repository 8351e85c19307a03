use crate::store::payouts::Payout;
use crate::{Payments, Result, store};
use ::rpc::Caller;
use ids::{PayoutId, PracticeId};

/// Reads a payout. Errors: PAYOUT_NOT_FOUND.
pub async fn get_payout(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    payout: PayoutId,
) -> Result<Payout> {
    caller.within(practice)?;
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::payouts::get(&mut tx, practice, payout).await
}
