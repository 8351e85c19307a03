use crate::documents::Pdf;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{DocumentId, PracticeId};

/// Reads a superbill as it was made. Errors: SUPERBILL_NOT_FOUND.
pub async fn download_monthly_superbill(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    document: DocumentId,
) -> Result<Pdf> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    store::monthly_superbills::get_pdf(&mut tx, practice, document).await
}
