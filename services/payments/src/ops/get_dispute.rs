use crate::store::disputes::Dispute;
use crate::{Payments, Result, store};
use ::rpc::Caller;
use ids::{DisputeId, PracticeId};

/// Reads a dispute. Errors: DISPUTE_NOT_FOUND.
pub async fn get_dispute(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    dispute: DisputeId,
) -> Result<Dispute> {
    caller.within(practice)?;
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::disputes::get(&mut tx, practice, dispute).await
}
