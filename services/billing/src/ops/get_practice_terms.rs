use crate::domain::terms::PracticeTerms;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::PracticeId;

/// How the practice bills. Errors: none of its own.
pub async fn get_practice_terms(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
) -> Result<PracticeTerms> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    let practice = store::practices::get(&mut tx, practice).await?;
    store::terms::of_practice(&mut tx, &practice, now).await
}
