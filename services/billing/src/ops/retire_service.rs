use super::set_service_price::coming_day;
use crate::domain::fee::Service;
use crate::{Billing, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use jiff::civil::Date;
use pg::RequestKey;

/// Takes a service out of the catalogue for sessions to come, and answers it with the day that is today. Errors: as
/// FeeService.RetireService says.
pub async fn retire_service(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, code): (PracticeId, &str),
    retire_date: Option<Date>,
) -> Result<(Service, Date)> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let replayed = REQUESTS
        .replayed(&mut tx, key, practice_id.uuid(), now)
        .await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let today = practice.local_date(now)?;
    let tenant = (practice_id, practice.currency);
    let service = store::services::get(&mut tx, tenant, code).await?;
    if replayed.is_some() {
        return Ok((service, today));
    }
    let from = coming_day(today, retire_date, "retire_date")?;

    store::services::update_retired(&mut tx, practice_id, (code, from)).await?;
    tx.commit().await?;
    let service = Service {
        retire_date: Some(from),
        ..service
    };
    Ok((service, today))
}
