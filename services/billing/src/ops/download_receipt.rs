use super::receipt_document::receipt_document;
use crate::documents::{Pdf, render_receipt};
use crate::{Billing, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{MessageId, PaymentId, PracticeId};

/// Renders the receipt of a payment as it stands today. For a mail what goes out is kept, as of bills that are shared.
/// Errors: PAYMENT_NOT_FOUND, INVALID_FIELD.
pub async fn download_receipt(
    billing: &Billing,
    caller: &Caller,
    (practice, payment): (PracticeId, PaymentId),
    mail: Option<MessageId>,
) -> Result<Pdf> {
    caller.within(practice)?;
    let Some(mail) = mail else {
        return render(billing, caller, practice, payment).await;
    };
    let of = (practice, mail);
    let mut tx = pg::begin(&billing.db, practice).await?;
    let before = store::mailed_receipts::find(&mut tx, of, None).await?;
    tx.rollback().await?;
    if let Some((shown, kept)) = before {
        same_payment(payment, shown, kept)?;
    }
    let rendered = render(billing, caller, practice, payment).await?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    // Of two that render at once the first one that writes is the one that is sent. A caller who goes away meanwhile leaves
    // nothing or all of it.
    store::mailed_receipts::insert(&mut tx, of, (payment, &rendered), now).await?;
    let (shown, kept) = store::mailed_receipts::get(&mut tx, of, None).await?;
    tx.commit().await?;
    same_payment(payment, shown, kept)
}

async fn render(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Pdf> {
    let (facts, document) = receipt_document(billing, caller, practice, payment).await?;
    Ok(Pdf {
        file_name: format!("Receipt-{}.pdf", facts.number),
        bytes: render_receipt(&billing.typesetter, &document).await?,
    })
}

fn same_payment(asked: PaymentId, kept: PaymentId, pdf: Pdf) -> Result<Pdf> {
    if asked == kept {
        return Ok(pdf);
    }
    Err(Invalid::new("message_id", "must be a mail about this payment").into())
}
