//! The calls to the processor; no transaction begins here.

use crate::domain::comparison::{Difference, DiscrepancyKind};
use crate::ops::unavailable;
use crate::store::charges::Charged;
use crate::{Payments, Result};
use jiff::Timestamp;
use money::Money;
use processor::{BalanceTransaction, IntentStatus, ProcessorError};

/// All that moved on an account of the processor. Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn list(
    payments: &Payments,
    (span, account): ((Timestamp, Timestamp), Option<&str>),
) -> Result<Vec<BalanceTransaction>> {
    let processor = payments.at(account)?;
    let moved = processor.list_balance_transactions(span).await;
    moved.map_err(|error| unavailable(&error))
}

/// What is wrong with a payment whose money did not show on its day: nothing when it came on another, as bank debits do.
/// Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn charged(payments: &Payments, charged: &Charged) -> Result<Option<Difference>> {
    let (intent, recorded) = (&charged.intent, &charged.amount);
    let processor = payments.at(charged.account.as_deref())?;
    let found = match processor.get_payment_intent(intent).await {
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
        payment: Some(charged.payment),
        recorded: *recorded,
        found,
    }))
}
