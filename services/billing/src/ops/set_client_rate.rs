use crate::store::client_rates::ClientRate;
use crate::{Billing, Error, Named, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::RequestKey;

/// Agrees on a client's own price of a service from a day on. Errors: as FeeService.SetClientRate says.
pub async fn set_client_rate(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, mut rate): (PracticeId, ClientRate),
) -> Result<ClientRate> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let replayed = REQUESTS
        .replayed(&mut tx, key, rate.client.uuid(), now)
        .await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    if replayed.is_some() {
        return store::client_rates::get(&mut tx, (practice_id, practice.currency), &rate).await;
    }
    rate.unit_price = rate
        .unit_price
        .map(|price| practice.in_currency(price, "unit_price"))
        .transpose()?;
    store::people::require_client(&mut tx, practice_id, rate.client).await?;
    let tenant = (practice_id, practice.currency);
    let service = store::services::get(&mut tx, tenant, &rate.service_code).await?;
    if service.is_retired(rate.effective_date) {
        return Err(Error::Unknown {
            thing: Named::Service,
            name: rate.service_code,
            field: "service_code".to_owned(),
        });
    }

    store::client_rates::upsert(&mut tx, practice_id, &rate, now).await?;
    tx.commit().await?;
    Ok(rate)
}
