//! What was agreed on prices, read for many sessions at once.

use super::services;
use crate::domain::fee::{Agreement, Service, shares_by_day};
use crate::domain::timeline::Timeline;
use crate::{Error, Result};
use ids::{ClientId, PracticeId};
use money::{Currency, Money, Rate};
use sqlx::PgConnection;
use std::collections::HashMap;

/// The catalogue's services that sessions name, and what was agreed with their clients.
#[derive(Clone, Debug, Default)]
pub struct Fees {
    services: HashMap<String, Service>,
    rates: HashMap<(ClientId, String), Timeline<Option<Money>>>,
    sliding_scales: HashMap<ClientId, Timeline<Option<Rate>>>,
}

impl Fees {
    /// The service of a code.
    #[must_use]
    pub fn service(&self, code: &str) -> Option<&Service> {
        self.services.get(code)
    }

    /// What was agreed with a client on a service.
    #[must_use]
    pub fn agreement(&self, client: ClientId, code: &str) -> Agreement {
        Agreement {
            rate: self
                .rates
                .get(&(client, code.to_owned()))
                .cloned()
                .unwrap_or_default(),
            sliding_scale: self
                .sliding_scales
                .get(&client)
                .cloned()
                .unwrap_or_default(),
        }
    }
}

/// Reads what these clients and codes have; those that have nothing are not among it.
pub async fn read(
    conn: &mut PgConnection,
    (practice, currency): (PracticeId, Currency),
    clients: &[ClientId],
    codes: &[String],
) -> Result<Fees> {
    if codes.is_empty() {
        return Ok(Fees::default());
    }
    let services = services::find_many(conn, (practice, currency), codes).await?;
    Ok(Fees {
        services: services
            .into_iter()
            .map(|service| (service.code.clone(), service))
            .collect(),
        rates: rates(conn, (practice, currency), clients, codes).await?,
        sliding_scales: sliding_scales(conn, practice, clients).await?,
    })
}

async fn rates(
    conn: &mut PgConnection,
    (practice, currency): (PracticeId, Currency),
    clients: &[ClientId],
    codes: &[String],
) -> Result<HashMap<(ClientId, String), Timeline<Option<Money>>>> {
    let clients: Vec<_> = clients.iter().map(|client| client.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            client_id as "client_id: ClientId",
            service_code,
            effective_date as "effective_date: jiff_sqlx::Date",
            unit_price_minor
        from billing.client_rates
        where practice_id = $1 and client_id = any($2) and service_code = any($3)
        "#,
        practice.uuid(),
        &clients,
        codes,
    )
    .fetch_all(conn)
    .await?;
    let mut rates: HashMap<_, Timeline<_>> = HashMap::new();
    for row in rows {
        let price = row
            .unit_price_minor
            .map(|minor| Money::from_minor(minor, currency));
        rates
            .entry((row.client_id, row.service_code))
            .or_default()
            .set(row.effective_date.to_jiff(), price);
    }
    Ok(rates)
}

async fn sliding_scales(
    conn: &mut PgConnection,
    practice: PracticeId,
    clients: &[ClientId],
) -> Result<HashMap<ClientId, Timeline<Option<Rate>>>> {
    let clients: Vec<_> = clients.iter().map(|client| client.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            client_id as "client_id: ClientId",
            effective_date as "effective_date: jiff_sqlx::Date",
            tier
        from billing.sliding_scale_assignments
        where practice_id = $1 and client_id = any($2)
        "#,
        practice.uuid(),
        &clients,
    )
    .fetch_all(&mut *conn)
    .await?;
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let mut places: HashMap<_, Timeline<_>> = HashMap::new();
    for row in rows {
        places
            .entry(row.client_id)
            .or_default()
            .set(row.effective_date.to_jiff(), row.tier);
    }
    let tiers = tiers(conn, practice).await?;
    let shares = places
        .into_iter()
        .map(|(client, places)| (client, shares_by_day(&places, &tiers)));
    Ok(shares.collect())
}

/// All tiers the practice ever had, with their percentages by day; one that a version before added has only its own.
async fn tiers(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<HashMap<String, Timeline<Rate>>> {
    let rows = sqlx::query!(
        r#"
        select
            tier.name,
            coalesce(known.effective_date, date '1900-01-01') as "effective_date!: jiff_sqlx::Date",
            coalesce(known.percent, tier.percent) as "percent!"
        from billing.sliding_scale_tiers tier
        left join billing.sliding_scale_percents known
            on known.practice_id = tier.practice_id and known.name = tier.name
        where tier.practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let mut tiers: HashMap<_, Timeline<_>> = HashMap::new();
    for row in rows {
        tiers
            .entry(row.name)
            .or_default()
            .set(row.effective_date.to_jiff(), rate(&row.percent)?);
    }
    Ok(tiers)
}

/// A percentage as it is kept.
pub(super) fn rate(percent: &str) -> Result<Rate> {
    percent.parse().map_err(|_| Error::Stored("a percentage"))
}
