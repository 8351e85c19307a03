use crate::documents::Pdf;
use crate::domain::sharing::SentWith;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::PracticeId;

/// Reads a document as it was sent. Errors: SHARE_NOT_FOUND.
pub async fn download_shared_document(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    sent_with: SentWith,
) -> Result<Pdf> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    let pdf = match sent_with {
        SentWith::Share(share) => {
            store::shared_documents::get(&mut tx, practice, share)
                .await?
                .1
        }
        SentWith::Mail(message) => {
            store::mailed_receipts::get(&mut tx, practice, message)
                .await?
                .1
        }
    };
    Ok(pdf)
}
