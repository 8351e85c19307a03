use crate::store::sliding_scales::Tier;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::PracticeId;

/// The tiers of the practice's sliding scale, in order.
pub async fn get_sliding_scale(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
) -> Result<Vec<Tier>> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    store::sliding_scales::list(&mut tx, practice).await
}
