use crate::domain::terms::ClientTerms;
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};

/// What is otherwise for a client. Errors: CLIENT_NOT_FOUND.
pub async fn get_client_terms(
    billing: &Billing,
    caller: &Caller,
    practice: PracticeId,
    client: ClientId,
) -> Result<ClientTerms> {
    caller.within(practice)?;
    let mut tx = pg::begin(&billing.db, practice).await?;
    let practice = store::practices::get(&mut tx, practice).await?;
    store::people::require_client(&mut tx, practice.practice, client).await?;
    store::terms::of_client(&mut tx, &practice, client).await
}
