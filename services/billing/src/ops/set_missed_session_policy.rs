use crate::domain::missed::{Charge, MissedSessionPolicy};
use crate::store::practices::Practice;
use crate::{Billing, Error, Missing, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::RequestKey;

/// Says what missed appointments cost from now on. Errors: as FeeService.SetMissedSessionPolicy says.
pub async fn set_missed_session_policy(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, policy): (PracticeId, MissedSessionPolicy),
) -> Result<MissedSessionPolicy> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let replayed = REQUESTS
        .replayed(&mut tx, key, practice_id.uuid(), now)
        .await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    if replayed.is_some() {
        let tenant = (practice_id, practice.currency);
        return store::missed_sessions::get_policy(&mut tx, tenant).await;
    }
    in_currency(&practice, policy.no_show, "policy.no_show.amount")?;
    in_currency(
        &practice,
        policy.late_cancellation,
        "policy.late_cancellation.amount",
    )?;
    let exempt: Vec<_> = policy.exempt.iter().copied().collect();
    let known = store::new_sessions::known(&mut tx, practice_id, &exempt, &[]).await?;
    if let Some(client) = policy.exempt.difference(&known.clients).next() {
        return Err(Error::Missing(Missing::Client(*client)));
    }

    store::missed_sessions::upsert_policy(&mut tx, practice_id, &policy, now).await?;
    tx.commit().await?;
    Ok(policy)
}

fn in_currency(practice: &Practice, charge: Charge, field: &str) -> Result<()> {
    match charge {
        Charge::Amount(amount) => practice.in_currency(amount, field).map(drop),
        Charge::AsRecorded | Charge::Percent(_) => Ok(()),
    }
}
