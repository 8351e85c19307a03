use super::{online_payments, unavailable};
use crate::{Payments, Result};
use ::rpc::Caller;
use ids::PracticeId;
use processor::Account;

/// How the practice's account stands at the processor, and whether it takes online payments. Errors:
/// PROCESSOR_UNAVAILABLE.
pub async fn get_processor_account(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
) -> Result<(Account, bool)> {
    caller.within(practice)?;
    let account = payments.processor.get_account().await;
    let account = account.map_err(|error| unavailable(&error))?;
    Ok((account, online_payments::are_on(payments, practice).await?))
}
