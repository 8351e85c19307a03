use super::bill_document::bill_document;
use crate::documents::{Pdf, render_bill};
use crate::{Billing, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{BillId, PracticeId, ShareId};

/// Renders a bill as it stands today. For an act of sharing what goes out is kept: a mail that is tried again says what is
/// true by then, and so does what it takes along.
/// Errors: BILL_NOT_FOUND, PORTAL_AUTH, INVALID_FIELD.
pub async fn download_bill(
    billing: &Billing,
    caller: &Caller,
    (practice, bill): (PracticeId, BillId),
    share: Option<ShareId>,
) -> Result<Pdf> {
    caller.within(practice)?;
    let Some(share) = share else {
        return render(billing, caller, practice, bill).await;
    };
    let of = (practice, share);
    let mut tx = pg::begin(&billing.db, practice).await?;
    let before = store::shared_documents::find(&mut tx, of, None).await?;
    tx.rollback().await?;
    if let Some((shown, kept)) = before {
        same_bill(bill, shown, kept)?;
    }
    let rendered = render(billing, caller, practice, bill).await?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    // Of two that render at once the first one that writes is the one that is sent. A caller who goes away meanwhile leaves
    // nothing or all of it.
    store::shared_documents::insert(&mut tx, of, (bill, &rendered), now).await?;
    let (shown, kept) = store::shared_documents::get(&mut tx, of, None).await?;
    tx.commit().await?;
    same_bill(bill, shown, kept)
}

async fn render(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    bill: BillId,
) -> Result<Pdf> {
    let (facts, document) = bill_document(billing, caller, practice, bill).await?;
    Ok(Pdf {
        file_name: format!("Bill-{}.pdf", facts.number),
        bytes: render_bill(&billing.typesetter, &document).await?,
    })
}

fn same_bill(asked: BillId, kept: BillId, pdf: Pdf) -> Result<Pdf> {
    if asked == kept {
        return Ok(pdf);
    }
    Err(Invalid::new("share_id", "must be of this bill").into())
}
