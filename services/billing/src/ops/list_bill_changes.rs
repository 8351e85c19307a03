use super::get_bill::{ShownBill, shown};
use crate::store::bill_changes::BillChange;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};

/// A bill is edited a few times; who edits it more often sees the newest.
const CHANGES_MAX: i64 = 100;

/// What a bill said before each of its edits, newest first, and what it says now. Errors: BILL_NOT_FOUND.
pub async fn list_bill_changes(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    bill: BillId,
) -> Result<(ShownBill, Vec<BillChange>)> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    let current = shown(&mut tx, practice, bill, now).await?;
    let changes = store::bill_changes::list(&mut tx, practice, bill, CHANGES_MAX).await?;
    Ok((current, changes))
}
