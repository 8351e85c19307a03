use super::{settle_account, settle_account::AccountSaid, unavailable};
use crate::wire::processor::standing;
use crate::{Payments, Result};
use ::rpc::Caller;
use ids::PracticeId;
use processor::ProcessorError;

/// Takes in how an account of the practice's own stands at the processor now. Errors: PROCESSOR_UNAVAILABLE.
pub async fn read_account(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    account: &str,
) -> Result<()> {
    caller.within(practice)?;
    let asked = payments.clock.now();
    let read = payments.at(Some(account))?.get_account().await;
    let read = read.map_err(|error| unavailable(&error))?;
    let said = AccountSaid::Stands(standing(read));
    settle_account::settle_account(payments, caller, (practice, account), (said, asked)).await
}

/// The processor says that the owner of an account has taken our access to it away. Whether that is so still is asked of it:
/// one that was given back is read as it stands. Errors: PROCESSOR_UNAVAILABLE.
pub async fn read_deauthorization(
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
