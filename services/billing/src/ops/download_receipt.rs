use super::receipt_document::receipt_document;
use crate::documents::{Pdf, render_receipt};
use crate::{Billing, Result};
use ::rpc::Caller;
use ids::{PaymentId, PracticeId};

/// Renders the receipt of a payment. Errors: PAYMENT_NOT_FOUND.
pub async fn download_receipt(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Pdf> {
    caller.within(practice)?;
    let (facts, document) = receipt_document(billing, caller, practice, payment).await?;
    Ok(Pdf {
        file_name: format!("Receipt-{}.pdf", facts.number),
        bytes: render_receipt(&billing.typesetter, &document).await?,
    })
}
