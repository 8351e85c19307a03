use crate::documents::Stationery;
use crate::store::practices::Practice;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::PracticeId;

/// Reads what heads the practice's documents. Errors: PRACTICE_NOT_YET_KNOWN.
pub async fn get_letterhead(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
) -> Result<Stationery> {
    caller.within(practice)?;
    Ok(read(billing, practice).await?.1)
}

/// Errors: PRACTICE_NOT_YET_KNOWN.
pub(super) async fn read(
    billing: &Billing,
    practice: PracticeId,
) -> Result<(Practice, Stationery)> {
    let mut tx = pg::begin(&billing.db, practice).await?;
    let known = store::practices::get(&mut tx, practice).await?;
    let stationery = store::letterheads::get(&mut tx, practice).await?;
    Ok((known, stationery))
}
