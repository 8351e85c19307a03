//! The calls to the processor; no transaction begins here.

use crate::domain::comparison::{Difference, DiscrepancyKind};
use crate::ops::unavailable;
use crate::{Payments, Result};
use ids::PaymentId;
use jiff::Timestamp;
use money::Money;
use processor::{BalanceTransaction, IntentStatus, ProcessorError};

/// All that moved at the processor. Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn list(
    payments: &Payments,
    span: (Timestamp, Timestamp),
) -> Result<Vec<BalanceTransaction>> {
    let moved = payments.processor.list_balance_transactions(span).await;
    moved.map_err(|error| unavailable(&error))
}

/// What is wrong with a payment whose money did not show on its day: nothing when it came on another, as bank debits do.
/// Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn charged(
    payments: &Payments,
    (payment, intent, recorded): &(PaymentId, String, Money),
) -> Result<Option<Difference>> {
    let found = match payments.processor.get_payment_intent(intent).await {
        Ok(read) if read.status == IntentStatus::Succeeded => read.amount_received,
        Ok(_) | Err(ProcessorError::Rejected { .. }) => Money::zero(recorded.currency()),
        Err(error) => return Err(unavailable(&error)),
    };
    if found == *recorded {
        return Ok(None);
    }
    Ok(Some(Difference {
        kind: if found.is_zero() {
            DiscrepancyKind::PaymentNotCharged
        } else {
            DiscrepancyKind::AmountDiffers
        },
        object: intent.clone(),
        payment: Some(*payment),
        recorded: *recorded,
        found,
    }))
}
