//! Checks practice after practice, round after round, and shows what is found at `/metrics`. One replica of a service
//! does so at a time, under a lease; where its round stands is in its memory, because whoever takes over may as well
//! begin anew.

use std::collections::BTreeMap;
use std::time::Duration;

use clock::Clock;
use ids::PracticeId;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Finding, Invariant, metrics, practices_after};
use crate::plumbing::checked;
use crate::{Leases, Pool};

const LEASE: &str = "verify";
/// Beyond the pause: how long a few practices may take.
const LEASE_GRACE: Duration = Duration::from_secs(120);

/// How often invariants are checked, and how many practices at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Args)]
pub struct RoundsConfig {
    /// Practices whose invariants are checked at a time; 0 for none, ever.
    #[arg(long, env = "VERIFY_PRACTICES", default_value_t = 5)]
    pub verify_practices: u16,
    /// Seconds between two times.
    #[arg(long, env = "VERIFY_EVERY_SECONDS", default_value_t = 60)]
    pub verify_every_seconds: u32,
}

impl Default for RoundsConfig {
    fn default() -> Self {
        Self {
            verify_practices: 5,
            verify_every_seconds: 60,
        }
    }
}

/// Whose invariants are checked.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// The service's schema.
    pub schema: &'static str,
    /// Its connections.
    pub pool: Pool,
    /// Time.
    pub clock: Clock,
    /// All of its invariants, which are shown at 0 when they hold.
    pub invariants: &'static [Invariant],
    /// How often.
    pub config: RoundsConfig,
}

/// Checks until `stop`; `check` names what is broken in a practice.
pub async fn verify_rounds<F, E>(
    rounds: Rounds,
    check: impl Fn(PracticeId) -> F,
    stop: CancellationToken,
) where
    F: Future<Output = Result<Vec<Finding>, E>>,
    E: std::fmt::Display,
{
    if rounds.config.verify_practices == 0 {
        return;
    }
    let pause = Duration::from_secs(rounds.config.verify_every_seconds.into());
    let leases = Leases::new(checked(rounds.schema));
    let holder = Uuid::from(ids::EventId::new(&rounds.clock));
    let mut round = Round::default();
    let mut held = None;
    while !stop.is_cancelled() {
        match leases
            .acquire(&rounds.pool, LEASE, holder, pause + LEASE_GRACE)
            .await
        {
            Ok(Some(lease)) => {
                held = Some(lease);
                round.go_on(&rounds, &check).await;
            }
            Ok(None) => {
                held = None;
                round = Round::default();
                rounds.forget();
            }
            Err(error) => tracing::warn!(%error, "invariants were not checked"),
        }
        let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
    if let Some(lease) = held
        && let Err(error) = leases.release(&rounds.pool, &lease).await
    {
        tracing::warn!(%error, "another replica checks invariants once the lease has ended");
    }
}

impl Rounds {
    fn forget(&self) {
        for invariant in self.invariants {
            metrics::forget_findings(self.schema, invariant.code);
        }
    }
}

/// Where a round stands, and what the practices' last checks found.
#[derive(Default)]
struct Round {
    after: Option<PracticeId>,
    /// Only practices in which something is broken: how much of which invariant.
    broken: BTreeMap<PracticeId, BTreeMap<&'static str, usize>>,
}

impl Round {
    /// Checks the next few practices.
    async fn go_on<F, E>(&mut self, rounds: &Rounds, check: &impl Fn(PracticeId) -> F)
    where
        F: Future<Output = Result<Vec<Finding>, E>>,
        E: std::fmt::Display,
    {
        let limit = rounds.config.verify_practices.into();
        let next = practices_after(&rounds.pool, rounds.schema, self.after, limit).await;
        let next = match next {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(%error, "invariants were not checked");
                return;
            }
        };
        // The end of the round: the next one begins with the next time.
        let ended = next.len() < usize::from(rounds.config.verify_practices);
        self.after = next.last().copied().filter(|_| !ended);
        for practice in next {
            match check(practice).await {
                Ok(found) => self.write_down(rounds, practice, &found),
                Err(error) => {
                    metrics::failed(rounds.schema);
                    tracing::warn!(%practice, %error, "a practice's invariants were not checked");
                }
            }
        }
        self.show(rounds);
    }

    fn write_down(&mut self, rounds: &Rounds, practice: PracticeId, found: &[Finding]) {
        metrics::checked(rounds.schema, rounds.clock.now().as_second());
        self.broken.remove(&practice);
        for finding in found {
            let (invariant, subject) = (finding.invariant.code, &finding.subject);
            let explanation = &finding.explanation;
            tracing::error!(%practice, invariant, subject, explanation, "an invariant is broken");
            let of_practice = self.broken.entry(practice).or_default();
            *of_practice.entry(invariant).or_insert(0) += 1;
        }
    }

    fn show(&self, rounds: &Rounds) {
        for invariant in rounds.invariants {
            let counts = self.broken.values();
            let count = counts
                .filter_map(|found| found.get(invariant.code))
                .sum::<usize>();
            metrics::set_findings(rounds.schema, invariant.code, count);
        }
    }
}
