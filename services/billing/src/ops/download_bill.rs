use super::bill_document::bill_document;
use crate::documents::{Pdf, render_bill};
use crate::{Billing, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{BillId, PracticeId, ShareId};

/// Renders a bill as it stands today. For an act of sharing what was rendered first is kept, and rendered no more.
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
    let mut tx = pg::begin(&billing.db, practice).await?;
    let kept = store::shared_documents::find(&mut tx, practice, share).await?;
    tx.rollback().await?;
    if let Some((of, kept)) = kept {
        return same_bill(bill, of, kept);
    }
    let rendered = render(billing, caller, practice, bill).await?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    // Of two that render at once the first one that writes is the one that was sent. A caller who goes away meanwhile
    // leaves nothing or all of it; its next call finds out.
    store::shared_documents::insert(&mut tx, (practice, share), (bill, &rendered), now).await?;
    let kept = store::shared_documents::get(&mut tx, practice, share).await?;
    tx.commit().await?;
    same_bill(bill, kept.0, kept.1)
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
