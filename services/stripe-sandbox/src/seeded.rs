//! Failing by a seed: each request and each event draws what becomes of it, and the same seed draws the same.
//!
//! What is drawn depends on the seed and on how many of its kind came before: the third `POST /v1/payment_intents/*/confirm`,
//! the second `refund.created`. So neither ids nor what happens between other requests matters, and a request that is
//! repeated draws anew: whoever asks often enough is answered.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::book::rows::DeliveryState;
use crate::faults::{Ending, Fault};
use crate::webhooks::plan::Fate;

/// Milliseconds that anything may be late, at most.
const MAX_LATE_MS: u64 = 600_000;

/// A seed and how often what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeededPlan {
    pub seed: u64,
    #[serde(default)]
    pub requests: RequestRates,
    #[serde(default)]
    pub webhooks: WebhookRates,
    /// Milliseconds that a delayed request waits at most.
    #[serde(default = "quarter_second")]
    pub delay: u64,
    /// Milliseconds after which a late event comes; one that is reordered waits a drawn part of it.
    #[serde(default = "two_seconds")]
    pub late: u64,
}

fn quarter_second() -> u64 {
    250
}

fn two_seconds() -> u64 {
    2_000
}

/// Of 100 requests so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestRates {
    /// Answered late.
    pub delay: u8,
    /// 500, with nothing done.
    pub failed: u8,
    /// 500, with the work done.
    pub failed_after_work: u8,
    /// Cut, with nothing done.
    pub reset: u8,
    /// Cut, with the work done.
    pub reset_after_work: u8,
    /// 200 and half an answer.
    pub garbage: u8,
    /// 409.
    pub conflict: u8,
    /// 429.
    pub busy: u8,
    /// 401.
    pub unauthorized: u8,
}

/// Of 100 events so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookRates {
    /// Late.
    pub late: u8,
    /// Twice.
    pub twice: u8,
    /// After some that came later.
    pub reordered: u8,
    /// Never.
    pub never: u8,
}

/// A plan that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Rates of more than all.
    #[error("{0} add up to {1}; of 100 at most 100 fail")]
    TooMany(&'static str, u32),
    /// Too late.
    #[error("{0} is at most {MAX_LATE_MS} ms")]
    TooLate(&'static str),
}

impl SeededPlan {
    /// Errors: rates of more than all, waits of more than ten minutes.
    pub fn check(&self) -> Result<(), PlanError> {
        let sums = [
            ("requests", sum(&self.requests.ways())),
            ("webhooks", sum(&self.webhooks.ways())),
        ];
        if let Some((what, sum)) = sums.into_iter().find(|(_, sum)| *sum > 100) {
            return Err(PlanError::TooMany(what, sum));
        }
        let waits = [("delay", self.delay), ("late", self.late)];
        match waits.into_iter().find(|(_, wait)| *wait > MAX_LATE_MS) {
            Some((what, _)) => Err(PlanError::TooLate(what)),
            None => Ok(()),
        }
    }

    /// What becomes of the request number `number`, from 0, of a kind; its name, when anything does.
    pub fn fault(&self, kind: &str, number: u64) -> Option<(&'static str, Fault)> {
        let (roll, part) = draw(self.seed, kind, number);
        let name = pick(&self.requests.ways(), roll)?;
        let ending = match name {
            "failed" => status(500, false),
            "failed_after_work" => status(500, true),
            "reset" => Ending::Reset { worked: false },
            "reset_after_work" => Ending::Reset { worked: true },
            "garbage" => Ending::Garbage,
            "conflict" => status(409, false),
            "busy" => status(429, false),
            "unauthorized" => status(401, false),
            _delay => Ending::Answer,
        };
        let before = match ending {
            Ending::Answer => Duration::from_millis(self.delay * part / 1_000),
            Ending::Hang { .. }
            | Ending::Reset { .. }
            | Ending::Status { .. }
            | Ending::Garbage => Duration::ZERO,
        };
        let fault = Fault {
            before,
            ending,
            ..Fault::default()
        };
        Some((name, fault))
    }

    /// What becomes of the event number `number`, from 0, of a type; its name, when anything does.
    pub fn fate(&self, kind: &str, number: u64) -> Option<(&'static str, Fate)> {
        let (roll, part) = draw(self.seed, kind, number);
        let name = pick(&self.webhooks.ways(), roll)?;
        let once = Fate::NORMAL;
        let fate = match name {
            "late" => Fate {
                wait: Duration::from_millis(self.late),
                ..once
            },
            "reordered" => Fate {
                wait: Duration::from_millis(self.late * part / 1_000),
                ..once
            },
            "twice" => Fate { copies: 2, ..once },
            _never => Fate {
                state: DeliveryState::Dropped,
                ..once
            },
        };
        Some((name, fate))
    }
}

const fn status(code: u16, worked: bool) -> Ending {
    Ending::Status { code, worked }
}

impl RequestRates {
    const fn ways(self) -> [(&'static str, u8); 9] {
        [
            ("delay", self.delay),
            ("failed", self.failed),
            ("failed_after_work", self.failed_after_work),
            ("reset", self.reset),
            ("reset_after_work", self.reset_after_work),
            ("garbage", self.garbage),
            ("conflict", self.conflict),
            ("busy", self.busy),
            ("unauthorized", self.unauthorized),
        ]
    }
}

impl WebhookRates {
    const fn ways(self) -> [(&'static str, u8); 4] {
        [
            ("late", self.late),
            ("twice", self.twice),
            ("reordered", self.reordered),
            ("never", self.never),
        ]
    }
}

fn sum(ways: &[(&'static str, u8)]) -> u32 {
    ways.iter().map(|(_, rate)| u32::from(*rate)).sum()
}

/// The way whose share `roll`, from 0 to 99, falls into.
fn pick(ways: &[(&'static str, u8)], roll: u64) -> Option<&'static str> {
    let mut below = 0;
    let hit = ways.iter().find(|(_, rate)| {
        below += u64::from(*rate);
        roll < below
    });
    hit.map(|(name, _)| *name)
}

/// One number below 100, and one of 1,000.
fn draw(seed: u64, kind: &str, number: u64) -> (u64, u64) {
    let mut hasher = Sha256::new();
    hasher.update(seed.to_be_bytes());
    hasher.update(number.to_be_bytes());
    hasher.update(kind.as_bytes());
    let mut drawn = [0; 8];
    drawn.copy_from_slice(&hasher.finalize()[..8]);
    let drawn = u64::from_be_bytes(drawn);
    (drawn % 100, drawn / 100 % 1_000)
}

/// The plan in force, and what has been drawn of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Seeded {
    pub plan: Option<SeededPlan>,
    /// Requests and events of each kind so far.
    pub counts: BTreeMap<String, u64>,
    /// What became of them: how often which way.
    pub drawn: BTreeMap<&'static str, u64>,
}

impl Seeded {
    /// Begins a plan: everything is counted anew.
    pub fn begin(&mut self, plan: SeededPlan) -> Result<(), PlanError> {
        plan.check()?;
        *self = Self {
            plan: Some(plan),
            ..Self::default()
        };
        Ok(())
    }

    /// Back to normal.
    pub fn end(&mut self) {
        *self = Self::default();
    }

    /// What becomes of the next request of this method and path.
    pub fn fault(&mut self, method: &str, path: &str) -> Option<Fault> {
        let plan = self.plan?;
        let kind = format!("{method} {}", pattern(path));
        let (name, fault) = plan.fault(&kind, self.next(&kind))?;
        self.note(name);
        Some(fault)
    }

    /// What becomes of the next event of this type.
    pub fn fate(&mut self, event_type: &str) -> Option<Fate> {
        let plan = self.plan?;
        let (name, fate) = plan.fate(event_type, self.next(event_type))?;
        self.note(name);
        Some(fate)
    }

    fn next(&mut self, kind: &str) -> u64 {
        let count = self.counts.entry(kind.to_owned()).or_insert(0);
        let number = *count;
        *count += 1;
        number
    }

    fn note(&mut self, name: &'static str) {
        *self.drawn.entry(name).or_insert(0) += 1;
    }
}

/// The path with a star for each id, so that its kind is counted and not its object.
fn pattern(path: &str) -> String {
    let is_id = |segment: &str| {
        segment.contains('_')
            && segment
                .bytes()
                .any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    };
    let segments = path
        .split('/')
        .map(|segment| if is_id(segment) { "*" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(seed: u64) -> SeededPlan {
        SeededPlan {
            seed,
            requests: RequestRates {
                delay: 10,
                failed_after_work: 10,
                reset_after_work: 10,
                busy: 10,
                ..RequestRates::default()
            },
            webhooks: WebhookRates {
                late: 25,
                never: 25,
                ..WebhookRates::default()
            },
            delay: 250,
            late: 2_000,
        }
    }

    fn drawn(seed: u64) -> Vec<Option<Fault>> {
        let mut seeded = Seeded::default();
        seeded.begin(plan(seed)).expect("a plan");
        let draw = |number: u64| seeded.fault("POST", &format!("/v1/refunds/re_{number}A"));
        (0..200).map(draw).collect()
    }

    #[test]
    fn a_seed_draws_the_same_whatever_the_ids_and_another_draws_otherwise() {
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn rates_are_of_a_hundred() {
        let failed = drawn(3).into_iter().flatten().count();
        assert!((50..=110).contains(&failed), "{failed} of 200 at 40 %");
        let none = SeededPlan {
            requests: RequestRates::default(),
            ..plan(3)
        };
        assert!((0..200).all(|number| none.fault("GET /v1/refunds", number).is_none()));
    }

    #[test]
    fn what_happens_between_does_not_matter() {
        let mut quiet = Seeded::default();
        let mut busy = Seeded::default();
        quiet.begin(plan(4)).expect("a plan");
        busy.begin(plan(4)).expect("a plan");
        for _ in 0..50 {
            busy.fault("GET", "/v1/refunds");
            busy.fate("refund.created");
            let (one, other) = (
                quiet.fault("POST", "/v1/payment_intents/pi_1/confirm"),
                busy.fault("POST", "/v1/payment_intents/pi_2/confirm"),
            );
            assert_eq!(one, other);
        }
    }

    #[test]
    fn a_plan_of_more_than_everything_is_refused() {
        let mut seeded = Seeded::default();
        let mut greedy = plan(5);
        greedy.webhooks.twice = 60;
        assert_eq!(
            seeded.begin(greedy),
            Err(PlanError::TooMany("webhooks", 110))
        );
        let slow = SeededPlan {
            late: MAX_LATE_MS + 1,
            ..plan(5)
        };
        assert_eq!(seeded.begin(slow), Err(PlanError::TooLate("late")));
        assert!(seeded.fate("refund.created").is_none());
    }

    #[test]
    fn ids_are_stars() {
        assert_eq!(
            pattern("/v1/payment_intents/pi_3Q/confirm"),
            "/v1/payment_intents/*/confirm"
        );
        assert_eq!(
            pattern("/v1/balance_transactions"),
            "/v1/balance_transactions"
        );
    }
}
