use crate::domain::people::Payer;
use crate::{Billing, Error, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{PayerId, PracticeId};
use pg::{OnConstraint as _, RequestKey};

/// An insurer or another third party, as it is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddPayer {
    /// The practice.
    pub practice: PracticeId,
    /// As printed.
    pub name: String,
    /// The caller's own id for it.
    pub external_reference: Option<String>,
}

/// Adds a payer. Errors: EXTERNAL_REFERENCE_TAKEN.
pub async fn add_payer(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: AddPayer,
) -> Result<Payer> {
    let practice = asked.practice;
    caller.within(practice)?;
    let now = billing.clock.now();
    let id = PayerId::new(&billing.clock);
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return store::payers::get(&mut tx, practice, first.into()).await;
    }
    store::practices::get(&mut tx, practice).await?;
    let payer = Payer {
        payer: id,
        name: asked.name,
        external_reference: asked.external_reference,
    };
    store::payers::insert(&mut tx, practice, &payer, now)
        .await
        .on_constraint("payers_external_reference_key", || {
            Error::ExternalReferenceTaken
        })?;
    tx.commit().await?;
    Ok(payer)
}
