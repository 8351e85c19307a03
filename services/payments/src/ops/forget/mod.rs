//! The processor forgets a token: asked again until it has, but not while a payment with it is on its way.

mod records;

use crate::{Payments, Result, ops::unavailable};
use ::rpc::Caller;
use ids::{DetachmentId, PracticeId};
use processor::ProcessorError;

/// Goes on with forgetting: the reconciler's turn, which holds its lease. Errors: PROCESSOR_UNAVAILABLE.
pub async fn continue_detachment(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    detachment: DetachmentId,
) -> Result<()> {
    caller.within(practice)?;
    let Some((forgotten, key)) = records::start(payments, practice, detachment).await? else {
        return Ok(());
    };
    crate::crash::point("before_detach");
    let processor = payments.at(forgotten.account.as_deref())?;
    let token = &forgotten.processor_method;
    let detached = processor.detach_payment_method(token, &key).await;
    crate::crash::point("after_detach");
    match detached {
        // Refused: it has forgotten it before. Of an account that was taken away nothing can be charged any more.
        Ok(_) | Err(ProcessorError::Rejected { .. } | ProcessorError::NotConnected { .. }) => {
            records::finish(payments, practice, detachment).await
        }
        Err(error) => Err(unavailable(&error)),
    }
}
