use crate::{Error, Named, Result};
use ids::{ClientId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use pg::OnConstraint as _;
use sqlx::PgConnection;

/// A client's own price of a service from a day on.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientRate {
    /// Whose.
    pub client: ClientId,
    /// Of which service.
    pub service_code: String,
    /// From this service date on.
    pub effective_date: Date,
    /// Of one unit; none ends an own price.
    pub unit_price: Option<Money>,
    /// For the practice.
    pub note: String,
}

/// Sets or ends a client's rate from a day on. Errors: SERVICE_NOT_FOUND.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: PracticeId,
    rate: &ClientRate,
    create_time: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into billing.client_rates (
            practice_id, client_id, service_code, effective_date, unit_price_minor, note, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint client_rates_pkey do update
        set
            unit_price_minor = excluded.unit_price_minor,
            note = excluded.note,
            create_time = excluded.create_time
        "#,
        practice.uuid(),
        rate.client.uuid(),
        rate.service_code,
        rate.effective_date.to_sqlx() as jiff_sqlx::Date,
        rate.unit_price.map(Money::minor),
        rate.note,
        create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await
    .on_constraint("client_rates_service_fkey", || Error::Unknown {
        thing: Named::Service,
        name: rate.service_code.clone(),
        field: "service_code".to_owned(),
    })?;
    Ok(())
}

/// The rate of a client's service that begins on the day of the one given. Errors: `Stored`, when there is none.
pub async fn get(
    conn: &mut PgConnection,
    tenant: (PracticeId, Currency),
    rate: &ClientRate,
) -> Result<ClientRate> {
    let agreed = list(conn, tenant, rate.client).await?;
    let same = |known: &ClientRate| {
        known.service_code == rate.service_code && known.effective_date == rate.effective_date
    };
    agreed
        .into_iter()
        .find(same)
        .ok_or(Error::Stored("a repeated rate that is gone"))
}

/// What was agreed with a client, by code and day.
pub async fn list(
    conn: &mut PgConnection,
    (practice, currency): (PracticeId, Currency),
    client: ClientId,
) -> Result<Vec<ClientRate>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            service_code,
            effective_date as "effective_date: jiff_sqlx::Date",
            unit_price_minor,
            note
        from billing.client_rates
        where practice_id = $1 and client_id = $2
        order by service_code, effective_date
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let rates = rows.into_iter().map(|row| ClientRate {
        client,
        service_code: row.service_code,
        effective_date: row.effective_date.to_jiff(),
        unit_price: row
            .unit_price_minor
            .map(|minor| Money::from_minor(minor, currency)),
        note: row.note,
    });
    Ok(rates.collect())
}
