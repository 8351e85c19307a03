use crate::domain::bill::Bill;
use crate::{Billing, Error, Missing, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};

/// What a guest may see of the one bill.
#[derive(Clone, Debug, PartialEq)]
pub struct PayPage {
    /// Who is paid.
    pub practice_name: String,
    /// The bill, of which no line is shown.
    pub bill: Bill,
    /// Another payment is under way.
    pub payment_in_progress: bool,
}

/// Reads what the pay page shows. Errors: BILL_NOT_FOUND, also for another bill than the guest's.
pub async fn get_pay_page(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    bill: BillId,
) -> Result<PayPage> {
    let missing = || Error::Missing(Missing::Bill(bill));
    caller.within(practice).map_err(|_| missing())?;
    caller.sees_bill(bill).map_err(|_| missing())?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    let bill = store::bills::get(&mut tx, practice, bill).await?;
    let currency = bill.face.total.currency();
    let held = store::holds::held(&mut tx, practice, (bill.id(), currency), now).await?;
    let practice = store::practices::get(&mut tx, practice).await?;
    Ok(PayPage {
        practice_name: practice.name,
        bill,
        payment_in_progress: held.is_positive(),
    })
}
