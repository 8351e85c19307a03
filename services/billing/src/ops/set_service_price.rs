use crate::domain::fee::Service;
use crate::{Billing, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use ids::PracticeId;
use jiff::civil::Date;
use money::Money;
use pg::RequestKey;

/// What a service costs from a day on.
#[derive(Clone, Debug, PartialEq)]
pub struct SetServicePrice {
    /// The practice.
    pub practice: PracticeId,
    /// The service.
    pub code: String,
    /// Of one unit, in any currency yet.
    pub unit_price: Money,
    /// From which service date on; none is today.
    pub effective_date: Option<Date>,
}

/// Changes a service's price for sessions to come, and answers it with the day that is today. Errors: as
/// FeeService.SetServicePrice says.
pub async fn set_service_price(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: SetServicePrice,
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
    let tenant = (practice_id, practice.currency);
    let mut service = store::services::get(&mut tx, tenant, &asked.code).await?;
    if replayed.is_some() {
        return Ok((service, today));
    }
    let price = practice.in_currency(asked.unit_price, "unit_price")?;
    let from = coming_day(today, asked.effective_date, "effective_date")?;

    let change = (asked.code.as_str(), from, price);
    store::services::upsert_price(&mut tx, practice_id, change, now).await?;
    tx.commit().await?;
    service.prices.set(from, price);
    Ok((service, today))
}

/// The day, or today, when none is given: the history of a catalogue is not rewritten. Errors: INVALID_FIELD for one
/// that is past.
pub(super) fn coming_day(today: Date, day: Option<Date>, field: &str) -> Result<Date, Invalid> {
    let day = day.unwrap_or(today);
    if day < today {
        return Err(Invalid::new(field, "must be today or later"));
    }
    Ok(day)
}
