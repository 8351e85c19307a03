use crate::store::payments::Range;
use crate::store::revenue_days::RevenueMonth;
use crate::{Reporting, Result, store};
use ::rpc::Caller;
use ids::PracticeId;

/// Sums revenue up by month, oldest first.
pub async fn get_revenue_by_month(
    reporting: &Reporting,
    caller: &Caller,
    practice: PracticeId,
    range: Range,
) -> Result<Vec<RevenueMonth>> {
    caller.within(practice)?;
    let mut tx = pg::begin(&reporting.db, practice).await?;
    store::revenue_days::list_months(&mut tx, practice, range).await
}
