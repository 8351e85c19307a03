//! What was agreed on prices, read for many sessions at once.

use super::services;
use crate::domain::fee::{Agreement, Service};
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
            given.client_id as "client_id: ClientId",
            given.effective_date as "effective_date: jiff_sqlx::Date",
            tier.percent as "percent?"
        from billing.sliding_scale_assignments given
        left join billing.sliding_scale_tiers tier
            on tier.practice_id = given.practice_id and tier.name = given.tier
        where given.practice_id = $1 and given.client_id = any($2)
        "#,
        practice.uuid(),
        &clients,
    )
    .fetch_all(conn)
    .await?;
    let mut scales: HashMap<_, Timeline<_>> = HashMap::new();
    for row in rows {
        let share = row.percent.as_deref().map(rate).transpose()?;
        scales
            .entry(row.client_id)
            .or_default()
            .set(row.effective_date.to_jiff(), share);
    }
    Ok(scales)
}

/// A percentage as it is kept.
pub(super) fn rate(percent: &str) -> Result<Rate> {
    percent.parse().map_err(|_| Error::Stored("a percentage"))
}
