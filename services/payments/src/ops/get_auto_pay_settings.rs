use crate::domain::autopay_settings::Settings;
use crate::{Payments, Result, store};
use ::rpc::Caller;
use ids::PracticeId;

/// Reads how the practice wants AutoPay. Errors: none of its own.
pub async fn get_auto_pay_settings(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
) -> Result<Settings> {
    caller.within(practice)?;
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::autopay_settings::get(&mut tx, practice).await
}
