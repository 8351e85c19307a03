use crate::domain::fee::Service;
use crate::{Error, Named, Result};
use ids::PracticeId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;
use std::collections::HashMap;

struct Row {
    service_code: String,
    description: String,
    modifiers: Vec<String>,
    place_of_service: String,
    retire_date: Option<jiff_sqlx::Date>,
}

impl Row {
    fn into_service(self) -> Service {
        Service {
            code: self.service_code,
            description: self.description,
            modifiers: self.modifiers,
            place_of_service: self.place_of_service,
            prices: std::iter::empty().collect(),
            retire_date: self.retire_date.map(jiff_sqlx::Date::to_jiff),
        }
    }
}

/// The services of these codes with their prices, as many as there are.
pub async fn find_many(
    conn: &mut PgConnection,
    (practice, currency): (PracticeId, Currency),
    codes: &[String],
) -> Result<Vec<Service>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            service_code,
            description,
            modifiers,
            place_of_service,
            retire_date as "retire_date: jiff_sqlx::Date"
        from billing.services
        where practice_id = $1 and service_code = any($2)
        "#,
        practice.uuid(),
        codes,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut services: Vec<_> = rows.into_iter().map(Row::into_service).collect();
    add_prices(conn, (practice, currency), &mut services).await?;
    Ok(services)
}

/// Errors: SERVICE_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    (practice, currency): (PracticeId, Currency),
    code: &str,
) -> Result<Service> {
    let found = find_many(conn, (practice, currency), &[code.to_owned()]).await?;
    found.into_iter().next().ok_or_else(|| Error::Unknown {
        thing: Named::Service,
        name: code.to_owned(),
        field: "service_code".to_owned(),
    })
}

/// At most `limit` services by code, from after one; without those retired on the day, when there is one.
pub async fn list(
    conn: &mut PgConnection,
    (practice, currency): (PracticeId, Currency),
    offered: Option<Date>,
    (after, limit): (Option<&str>, i64),
) -> Result<Vec<Service>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            service_code,
            description,
            modifiers,
            place_of_service,
            retire_date as "retire_date: jiff_sqlx::Date"
        from billing.services
        where practice_id = $1
            and ($2::date is null or retire_date is null or retire_date > $2)
            and ($3::text is null or service_code > $3)
        order by service_code
        limit $4
        "#,
        practice.uuid(),
        offered.map(|day| day.to_sqlx()) as Option<jiff_sqlx::Date>,
        after,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut services: Vec<_> = rows.into_iter().map(Row::into_service).collect();
    add_prices(conn, (practice, currency), &mut services).await?;
    Ok(services)
}

async fn add_prices(
    conn: &mut PgConnection,
    (practice, currency): (PracticeId, Currency),
    services: &mut [Service],
) -> Result<(), sqlx::Error> {
    let codes: Vec<_> = services
        .iter()
        .map(|service| service.code.clone())
        .collect();
    let rows = sqlx::query!(
        r#"
        select
            service_code,
            effective_date as "effective_date: jiff_sqlx::Date",
            unit_price_minor
        from billing.service_prices
        where practice_id = $1 and service_code = any($2)
        "#,
        practice.uuid(),
        &codes,
    )
    .fetch_all(conn)
    .await?;
    let mut places: HashMap<String, &mut Service> = services
        .iter_mut()
        .map(|service| (service.code.clone(), service))
        .collect();
    for row in rows {
        if let Some(service) = places.get_mut(&row.service_code) {
            let price = Money::from_minor(row.unit_price_minor, currency);
            service.prices.set(row.effective_date.to_jiff(), price);
        }
    }
    Ok(())
}

/// Writes a service, its prices apart.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    service: &Service,
    create_time: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.services (
            practice_id, service_code, description, modifiers, place_of_service, create_time
        ) values ($1, $2, $3, $4, $5, $6)
        "#,
        practice.uuid(),
        service.code,
        service.description,
        &service.modifiers,
        service.place_of_service,
        create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets what a service costs from a day on.
pub async fn upsert_price(
    conn: &mut PgConnection,
    practice: PracticeId,
    (code, from, price): (&str, Date, Money),
    create_time: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.service_prices (
            practice_id, service_code, effective_date, unit_price_minor, create_time
        ) values ($1, $2, $3, $4, $5)
        on conflict on constraint service_prices_pkey do update
        set
            unit_price_minor = excluded.unit_price_minor,
            create_time = excluded.create_time
        "#,
        practice.uuid(),
        code,
        from.to_sqlx() as jiff_sqlx::Date,
        price.minor(),
        create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Retires a service from a day on.
pub async fn update_retired(
    conn: &mut PgConnection,
    practice: PracticeId,
    (code, from): (&str, Date),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.services
        set retire_date = $3
        where practice_id = $1 and service_code = $2
        "#,
        practice.uuid(),
        code,
        from.to_sqlx() as jiff_sqlx::Date,
    )
    .execute(conn)
    .await?;
    Ok(())
}
