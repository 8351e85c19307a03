use super::receipt_document::receipt_document;
use crate::documents::{ReceiptDocument, ReceiptFacts};
use crate::{Billing, Result};
use ::rpc::Caller;
use ids::{PaymentId, PracticeId};

/// Reads what the receipt of a payment says. Errors: PAYMENT_NOT_FOUND.
pub async fn get_receipt(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<(ReceiptFacts, ReceiptDocument)> {
    caller.within(practice)?;
    receipt_document(billing, caller, practice, payment).await
}
