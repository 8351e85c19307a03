use crate::domain::timeline::Timeline;
use crate::store::client_rates::ClientRate;
use crate::{Billing, Error, Named, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::RequestKey;

/// Ends a client's own price of a service; the rate that is asked for has none. Errors: as FeeService.EndClientRate
/// says.
pub async fn end_client_rate(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, end): (PracticeId, ClientRate),
) -> Result<ClientRate> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let replayed = REQUESTS
        .replayed(&mut tx, key, end.client.uuid(), now)
        .await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let tenant = (practice_id, practice.currency);
    if replayed.is_some() {
        return store::client_rates::get(&mut tx, tenant, &end).await;
    }
    store::people::require_client(&mut tx, practice_id, end.client).await?;
    let agreed = store::client_rates::list(&mut tx, tenant, end.client).await?;
    let rates: Timeline<_> = agreed
        .into_iter()
        .filter(|rate| rate.service_code == end.service_code)
        .map(|rate| (rate.effective_date, rate.unit_price))
        .collect();
    if !matches!(rates.at(end.effective_date), Some(Some(_))) {
        return Err(Error::Unknown {
            thing: Named::ClientRate,
            name: end.service_code,
            field: "service_code".to_owned(),
        });
    }

    store::client_rates::upsert(&mut tx, practice_id, &end, now).await?;
    tx.commit().await?;
    Ok(end)
}
