use super::{settle_account, settle_account::AccountSaid, unavailable};
use crate::wire::processor::standing;
use crate::{Payments, Result};
use ::rpc::Caller;
use ids::PracticeId;
use processor::ProcessorError;

/// Takes in how an account of the practice's own stands at the processor now, or that its owner has taken our access to it
/// away, of which a webhook may have been lost. Errors: PROCESSOR_UNAVAILABLE.
pub async fn read_account(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    account: &str,
) -> Result<()> {
    caller.within(practice)?;
    let asked = payments.clock.now();
    let said = match payments.at(Some(account))?.get_account().await {
        Ok(read) => AccountSaid::Stands(standing(read)),
        Err(ProcessorError::NotConnected { .. }) => AccountSaid::TakenAway,
        Err(error) => return Err(unavailable(&error)),
    };
    settle_account::settle_account(payments, caller, (practice, account), (said, asked)).await
}
