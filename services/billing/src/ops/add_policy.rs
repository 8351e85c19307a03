use crate::domain::people::Policy;
use crate::{Billing, Error, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PayerId, PolicyId, PracticeId};
use pg::{OnConstraint as _, RequestKey};

/// A client's insurance, as it is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddPolicy {
    /// The practice.
    pub practice: PracticeId,
    /// Whose insurance it is.
    pub client: ClientId,
    /// With whom.
    pub payer: PayerId,
    /// The member number on the card.
    pub member_number: String,
    /// The caller's own id for it.
    pub external_reference: Option<String>,
}

/// Adds a policy. Errors: CLIENT_NOT_FOUND, PAYER_NOT_FOUND, EXTERNAL_REFERENCE_TAKEN.
pub async fn add_policy(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: AddPolicy,
) -> Result<Policy> {
    let (practice, client) = (asked.practice, asked.client);
    caller.within(practice)?;
    let now = billing.clock.now();
    let id = PolicyId::new(&billing.clock);
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return store::policies::get(&mut tx, practice, client, first.into()).await;
    }
    store::people::keep_client(&mut tx, practice, client).await?;
    store::payers::get(&mut tx, practice, asked.payer).await?;
    let policy = Policy {
        policy: id,
        client,
        payer: asked.payer,
        member_number: asked.member_number,
        external_reference: asked.external_reference,
    };
    store::policies::insert(&mut tx, practice, &policy, now)
        .await
        .on_constraint("policies_external_reference_key", || {
            Error::ExternalReferenceTaken
        })?;
    tx.commit().await?;
    Ok(policy)
}
