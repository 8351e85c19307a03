use super::{settle_dispute, unavailable, whose};
use crate::wire::processor;
use crate::{Payments, Result};
use ::processor::ProcessorError;
use ::rpc::Caller;

/// Takes in what the processor says of its dispute `object`, `du_…`; false when it is about none of our payments, or about
/// one that we do not know to have succeeded yet. It is read on the account that it is of. For webhooks. Errors:
/// PROCESSOR_UNAVAILABLE.
pub async fn read_dispute(
    payments: &Payments,
    caller: &Caller,
    (object, account): (&str, Option<&str>),
) -> Result<bool> {
    let processor = payments.at(account)?;
    let dispute = match processor.get_dispute(object).await {
        Ok(dispute) => dispute,
        Err(ProcessorError::Rejected { .. }) => return Ok(false),
        Err(error) => return Err(unavailable(&error)),
    };
    let Some(intent) = &dispute.payment_intent else {
        return Ok(false);
    };
    let Some((practice, payment)) = whose::payment_of(payments, (intent, account)).await? else {
        return Ok(false);
    };
    caller.within(practice)?;
    let told = processor::dispute(&dispute);
    settle_dispute(payments, caller, (practice, payment), told).await
}
