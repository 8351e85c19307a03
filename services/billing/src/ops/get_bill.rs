use crate::domain::adjustment::Adjustment;
use crate::domain::bill::{Bill, Line};
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use jiff::Timestamp;
use money::Money;
use sqlx::PgConnection;

/// A bill as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownBill {
    /// The bill.
    pub bill: Bill,
    /// In order; left out in lists.
    pub lines: Vec<Line>,
    /// What was taken off and counts, in order; left out in lists.
    pub adjustments: Vec<Adjustment>,
    /// What online payments in progress have set aside.
    pub held: Money,
}

impl ShownBill {
    /// Changes with every change of the bill.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("r{}", self.bill.face.revision)
    }
}

/// Reads a bill. Errors: BILL_NOT_FOUND.
pub async fn get_bill(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    bill: BillId,
) -> Result<ShownBill> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    shown(&mut tx, practice, bill, now).await
}

/// The bill as it stands in the transaction. Errors: BILL_NOT_FOUND.
pub(crate) async fn shown(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
    now: Timestamp,
) -> Result<ShownBill> {
    let bill = store::bills::get(conn, practice, bill).await?;
    let currency = bill.face.total.currency();
    let lines = store::bills::lines(conn, practice, bill.id(), currency).await?;
    let held = store::holds::held(conn, practice, (bill.id(), currency), now).await?;
    let adjustments =
        store::adjustments::live_on_bill(conn, practice, (bill.id(), currency)).await?;
    Ok(ShownBill {
        bill,
        lines,
        adjustments,
        held,
    })
}
