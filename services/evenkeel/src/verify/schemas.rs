use super::{APPLIED, BOOKED, Checked, NOT_PARKED};
use crate::place::Place;
use crate::up::schemas;
use anyhow::{Context as _, Result};
use clock::Clock;
use ids::PracticeId;
use jiff::SignedDuration;
use pg::Pool;
use pg::feed::{Parked, all_parked};
use pg::verify::{Finding, behind, practices_after, stream};
use std::collections::BTreeSet;
use std::time::Duration;

/// Who follows whose feed, as each service's `run` starts it.
const FOLLOWED: [(&str, &str); 9] = [
    ("billing", "portal-auth"),
    ("billing", "payments"),
    ("payments", "portal-auth"),
    ("payments", "billing"),
    ("portal-auth", "billing"),
    ("notifications", "portal-auth"),
    ("notifications", "billing"),
    ("notifications", "payments"),
    ("reporting", "billing"),
];
/// Practices in one page.
const PAGE: i64 = 1_000;
/// Between two looks at sums that differ.
const PAUSE: Duration = Duration::from_millis(250);

/// Connections to the services' schemas, each as the service has them.
pub struct Schemas {
    pools: Vec<(&'static str, &'static str, Pool)>,
    parked: Vec<(&'static str, Parked)>,
}

impl Schemas {
    /// All five of a suite.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn at(place: &Place) -> Result<Self> {
        let mut pools = Vec::new();
        for (service, schema, _) in schemas() {
            let pool = place.connect(schema).await.context(service)?;
            pools.push((service, schema, pool));
        }
        Self::of(pools).await
    }

    /// Those of some services, by name and schema; what concerns others is not checked.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of(pools: Vec<(&'static str, &'static str, Pool)>) -> Result<Self> {
        let mut parked = Vec::new();
        for (service, schema, pool) in &pools {
            let given_up = all_parked(pool, schema).await.context(*service)?;
            parked.extend(given_up.into_iter().map(|event| (*service, event)));
        }
        Ok(Self { pools, parked })
    }

    /// Every practice that any service has announced something of.
    ///
    /// # Errors
    /// The database failed.
    pub async fn practices(&self) -> Result<Vec<PracticeId>> {
        let mut found = BTreeSet::new();
        for (service, schema, pool) in &self.pools {
            let mut after = None;
            loop {
                let page = practices_after(pool, schema, after, PAGE).await;
                let page = page.with_context(|| (*service).to_owned())?;
                after = page.last().copied();
                found.extend(page);
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Checks a practice: what each service says of itself, and what they have to agree on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn check(
        &self,
        practice: PracticeId,
        clock: &Clock,
        patience_seconds: u32,
    ) -> Result<Checked> {
        let mut services = Vec::new();
        for (service, schema, pool) in &self.pools {
            let found = match *service {
                "billing" => billing::verify_practice(pool, practice).await?.violations,
                "payments" => payments::verify_practice(pool, practice, clock.now()).await?,
                _other => {
                    let mut tx = pg::verify::begin(pool, practice).await?;
                    stream(&mut tx, schema, practice)
                        .await?
                        .into_iter()
                        .collect()
                }
            };
            services.push((*service, found));
        }
        let mut suite = self.given_up(practice);
        let patience = SignedDuration::from_secs(patience_seconds.into());
        suite.extend(self.not_applied(practice, clock, patience).await?);
        suite.extend(self.not_booked(practice, patience_seconds).await?);
        services.push(("suite", suite));
        Ok(Checked { practice, services })
    }

    fn pool(&self, service: &str) -> Option<(&'static str, &Pool)> {
        let mut pools = self.pools.iter();
        let found = pools.find(|(name, ..)| *name == service);
        found.map(|(_, schema, pool)| (*schema, pool))
    }

    fn given_up(&self, practice: PracticeId) -> Vec<Finding> {
        let parked = self.parked.iter();
        let own = parked.filter(|(_, parked)| parked.event.practice == practice);
        own.map(|(service, parked)| {
            let subject = format!("event {} of {}", parked.event.sequence, parked.source);
            let explanation = format!("{service} gave it up; see `evenkeel feed parked`");
            Finding::new(NOT_PARKED, subject, explanation)
        })
        .collect()
    }

    async fn not_applied(
        &self,
        practice: PracticeId,
        clock: &Clock,
        patience: SignedDuration,
    ) -> Result<Vec<Finding>> {
        let mut found = Vec::new();
        for (follower, source) in FOLLOWED {
            let (Some((follower_schema, pool)), Some((source_schema, source_pool))) =
                (self.pool(follower), self.pool(source))
            else {
                continue;
            };
            let waits = behind(
                (source_pool, source_schema),
                (pool, follower_schema, source),
                practice,
                (clock.now(), patience),
            );
            if let Some((sequence, waited)) = waits.await? {
                let explanation = format!(
                    "{follower} has not applied it, {} s after it was announced",
                    waited.as_secs()
                );
                let subject = format!("event {sequence} of {source}");
                found.push(Finding::new(APPLIED, subject, explanation));
            }
        }
        Ok(found)
    }

    /// What payments says came and went, and what billing has booked. On a suite that runs a booking may be under way.
    async fn not_booked(
        &self,
        practice: PracticeId,
        patience_seconds: u32,
    ) -> Result<Option<Finding>> {
        let (Some((_, books)), Some((_, money))) = (self.pool("billing"), self.pool("payments"))
        else {
            return Ok(None);
        };
        let mut looks = u64::from(patience_seconds) * 4;
        loop {
            let came = payments::totals(money, practice).await?;
            let booked = billing::totals(books, practice).await?;
            let came = (
                came.payments,
                came.payments_minor,
                came.refunds,
                came.refunds_minor,
            );
            let booked = (
                booked.payments,
                booked.payments_minor,
                booked.refunds,
                booked.refunds_minor,
            );
            if came == booked {
                return Ok(None);
            }
            if looks == 0 {
                let shown = |(payments, paid, refunds, given): (i64, i64, i64, i64)| {
                    format!("{payments} payments of {paid} and {refunds} refunds of {given}")
                };
                let explanation =
                    format!("{} succeeded, {} are booked", shown(came), shown(booked));
                return Ok(Some(Finding::new(
                    BOOKED,
                    "the practice's money",
                    explanation,
                )));
            }
            looks -= 1;
            tokio::time::sleep(PAUSE).await;
        }
    }
}
