use crate::store::shared_documents::{Of, SharedDocument};
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::PracticeId;

/// More than anyone sends of a client's bills; the newest are there.
const DOCUMENTS_MAX: i64 = 500;

/// Lists what was sent of a bill or a client. Errors: BILL_NOT_FOUND, CLIENT_NOT_FOUND.
pub async fn list_shared_documents(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    of: Of,
) -> Result<Vec<SharedDocument>> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    match of {
        Of::Bill(bill) => {
            caller.sees_bill(bill)?;
            store::bills::get(&mut tx, practice, bill).await?;
        }
        Of::Client(client) => {
            caller.sees_client(client)?;
            store::people::require_client(&mut tx, practice, client).await?;
        }
    }
    store::shared_documents::list(&mut tx, practice, of, DOCUMENTS_MAX).await
}
