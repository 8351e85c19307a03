use crate::domain::fee::Service;
use crate::domain::session::FIRST_DAY;
use crate::domain::timeline::Timeline;
use crate::{Billing, Error, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use jiff::civil::Date;
use money::Money;
use pg::{OnConstraint as _, RequestKey};

/// A service with its first price, as it is to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct AddService {
    /// The practice.
    pub practice: PracticeId,
    /// The service, without a price.
    pub service: Service,
    /// Of one unit, in any currency yet.
    pub unit_price: Money,
    /// From which service date on; none is for all.
    pub effective_date: Option<Date>,
}

/// Adds a service to the catalogue, and answers it with the day that is today. Errors: as FeeService.AddService says.
pub async fn add_service(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: AddService,
) -> Result<(Service, Date)> {
    let practice_id = asked.practice;
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let replayed = REQUESTS
        .replayed(&mut tx, key, practice_id.uuid(), now)
        .await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let today = practice.local_date(now)?;
    if replayed.is_some() {
        let tenant = (practice_id, practice.currency);
        let service = store::services::get(&mut tx, tenant, &asked.service.code).await?;
        return Ok((service, today));
    }
    let price = practice.in_currency(asked.unit_price, "unit_price")?;
    let from = asked.effective_date.unwrap_or(FIRST_DAY);
    let service = Service {
        prices: Timeline::from_iter([(from, price)]),
        ..asked.service
    };

    store::services::insert(&mut tx, practice_id, &service, now)
        .await
        .on_constraint("services_pkey", || {
            Error::ServiceCodeTaken(service.code.clone())
        })?;
    let first = (service.code.as_str(), from, price);
    store::services::upsert_price(&mut tx, practice_id, first, now).await?;
    tx.commit().await?;
    Ok((service, today))
}
