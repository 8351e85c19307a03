use crate::documents::Pdf;
use crate::domain::sharing::SentWith;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::PracticeId;

/// Reads a document as it was sent: the last file of the mail, or the one with this hash. Errors: SHARE_NOT_FOUND.
pub async fn download_shared_document(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    (sent_with, sha256): (SentWith, Option<Vec<u8>>),
) -> Result<Pdf> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    let sha256 = sha256.as_deref();
    match sent_with {
        SentWith::Share(share) => {
            let of = (practice, share);
            Ok(store::shared_documents::get(&mut tx, of, sha256).await?.1)
        }
        SentWith::Mail(message) => {
            let of = (practice, message);
            Ok(store::mailed_receipts::get(&mut tx, of, sha256).await?.1)
        }
    }
}
