use crate::domain::booked::Booked;
use crate::{Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::Tx;

/// Takes what events booked into every projection.
pub async fn record_booked(
    tx: &mut Tx,
    caller: &Caller,
    practice: PracticeId,
    booked: &Booked,
) -> Result<()> {
    caller.within(practice)?;
    store::booked::add(tx, practice, booked).await?;
    store::refunds::upsert(tx, practice, &booked.refunds).await
}
