use crate::store::sliding_scales::Assignment;
use crate::{Billing, Error, Named, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};
use jiff::civil::Date;
use pg::RequestKey;

/// Which tier a client has from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignSlidingScale {
    /// The practice.
    pub practice: PracticeId,
    /// Whose.
    pub client: ClientId,
    /// Name of the tier; none ends it.
    pub tier: Option<String>,
    /// From which service date on.
    pub effective_date: Date,
}

/// Gives a client a tier of the sliding scale, or none. Errors: as FeeService.AssignSlidingScale says.
pub async fn assign_sliding_scale(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: AssignSlidingScale,
) -> Result<Assignment> {
    let (practice, client) = (asked.practice, asked.client);
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    let replayed = REQUESTS.replayed(&mut tx, key, client.uuid(), now).await?;
    if replayed.is_some() {
        let given = store::sliding_scales::assignments(&mut tx, practice, client).await?;
        return given
            .into_iter()
            .find(|given| given.effective_date == asked.effective_date)
            .ok_or(Error::Stored("a repeated assignment that is gone"));
    }
    store::people::require_client(&mut tx, practice, client).await?;
    let tier = match asked.tier {
        None => None,
        Some(name) => {
            let offered = store::sliding_scales::list(&mut tx, practice).await?;
            let found = offered.into_iter().find(|tier| tier.name == name);
            Some(found.ok_or_else(|| Error::Unknown {
                thing: Named::Tier,
                name,
                field: "tier".to_owned(),
            })?)
        }
    };
    let assignment = Assignment {
        client,
        tier,
        effective_date: asked.effective_date,
    };

    store::sliding_scales::upsert_assignment(&mut tx, practice, &assignment, now).await?;
    tx.commit().await?;
    Ok(assignment)
}
