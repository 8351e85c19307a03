use crate::documents::Pdf;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{PracticeId, ShareId};

/// Reads a document as it was sent. Errors: SHARE_NOT_FOUND.
pub async fn download_shared_document(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    share: ShareId,
) -> Result<Pdf> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    let (_, pdf) = store::shared_documents::get(&mut tx, practice, share).await?;
    Ok(pdf)
}
