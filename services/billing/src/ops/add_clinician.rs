use crate::domain::people::Clinician;
use crate::{Billing, Error, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{ClinicianId, PracticeId};
use pg::{OnConstraint as _, RequestKey};

/// A person who treats, as they are to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddClinician {
    /// The practice.
    pub practice: PracticeId,
    /// As printed.
    pub name: String,
    /// Ten digits, or empty.
    pub npi: String,
    /// As printed.
    pub licence: String,
    /// The caller's own id for it.
    pub external_reference: Option<String>,
}

/// Adds a clinician. Errors: EXTERNAL_REFERENCE_TAKEN.
pub async fn add_clinician(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: AddClinician,
) -> Result<Clinician> {
    let practice = asked.practice;
    caller.within(practice)?;
    let now = billing.clock.now();
    let id = ClinicianId::new(&billing.clock);
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return store::clinicians::get(&mut tx, practice, first.into()).await;
    }
    store::practices::get(&mut tx, practice).await?;
    let clinician = Clinician {
        clinician: id,
        name: asked.name,
        npi: asked.npi,
        licence: asked.licence,
        external_reference: asked.external_reference,
    };
    store::clinicians::insert(&mut tx, practice, &clinician, now)
        .await
        .on_constraint("clinicians_external_reference_key", || {
            Error::ExternalReferenceTaken
        })?;
    tx.commit().await?;
    Ok(clinician)
}
