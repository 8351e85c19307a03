//! Banks renew cards, and somebody may remove one in the processor's dashboard. The webhook says only that something
//! happened: the method is read again.

use super::settle_method::settle_method;
use crate::wire::processor::stored;
use crate::{Payments, Result, ops::unavailable};
use ::rpc::Caller;
use ids::{MethodId, PracticeId};
use processor::ProcessorError;

/// Takes in what the processor says of a token of a method now. For webhooks.
pub async fn read_method(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    (method, token, account): (MethodId, &str, Option<&str>),
) -> Result<()> {
    caller.within(practice)?;
    let processor = payments.at(account)?;
    match processor.get_payment_method(token).await {
        Ok(read) => match stored(&read) {
            Some(stored) => settle_method(payments, caller, (practice, method), stored).await,
            None => Ok(()),
        },
        Err(ProcessorError::Rejected { .. }) => Ok(()),
        Err(error) => Err(unavailable(&error)),
    }
}
