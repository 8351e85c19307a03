//! What is planned for webhooks: normal, several copies, late, held back, dropped.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::book::rows::DeliveryState;

/// Plans that wait at once, at most.
const MAX_PLANS: usize = 1_000;
/// Copies of one delivery, at most.
const MAX_COPIES: u32 = 100;

/// What happens to deliveries of some types of events.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub plan: Kind,
    /// Event types, each may end in `*`; empty is all.
    #[serde(default)]
    pub types: Vec<String>,
    /// Copies, for `duplicate`; 2 when not given.
    #[serde(default = "two")]
    pub times: u32,
    /// Milliseconds, for `delay`; with any other plan the delivery waits as well.
    #[serde(default)]
    pub delay: u64,
    /// How many events; not given is all until cleared.
    #[serde(default)]
    pub count: Option<u32>,
}

fn two() -> u32 {
    2
}

/// The plans there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Once, at once.
    Normal,
    /// Several times.
    Duplicate,
    /// Late.
    Delay,
    /// Not before it is released.
    Hold,
    /// Never.
    Drop,
}

/// What becomes of one event's deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    pub copies: u32,
    pub wait: Duration,
    pub state: DeliveryState,
}

impl Fate {
    /// Once, at once.
    pub const NORMAL: Self = Self {
        copies: 1,
        wait: Duration::ZERO,
        state: DeliveryState::Pending,
    };
}

/// The plans in force; the newest that fits decides.
#[derive(Debug, Default)]
pub struct Plans {
    plans: Vec<Plan>,
}

impl Plans {
    /// Puts a plan in force.
    pub fn add(&mut self, plan: Plan) {
        if self.plans.len() >= MAX_PLANS {
            self.plans.remove(0);
        }
        self.plans.push(plan);
    }

    /// Back to normal for all.
    pub fn clear(&mut self) {
        self.plans.clear();
    }

    /// The plans in force.
    pub fn all(&self) -> Vec<Plan> {
        self.plans.clone()
    }

    /// Decides over an event's deliveries, when a plan fits; one with a count is used up by one.
    pub fn planned(&mut self, event_type: &str) -> Option<Fate> {
        let fits = |plan: &Plan| {
            let named = plan.types.iter().any(|wanted| {
                wanted == event_type
                    || wanted
                        .strip_suffix('*')
                        .is_some_and(|stem| event_type.starts_with(stem))
            });
            plan.count != Some(0) && (plan.types.is_empty() || named)
        };
        let plan = self.plans.iter_mut().rev().find(|plan| fits(plan))?;
        if let Some(count) = &mut plan.count {
            *count -= 1;
        }
        let late = Fate {
            wait: Duration::from_millis(plan.delay),
            ..Fate::NORMAL
        };
        Some(match plan.plan {
            Kind::Normal | Kind::Delay => late,
            Kind::Duplicate => Fate {
                copies: plan.times.min(MAX_COPIES),
                ..late
            },
            Kind::Hold => Fate {
                state: DeliveryState::Held,
                ..late
            },
            Kind::Drop => Fate {
                state: DeliveryState::Dropped,
                ..late
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_plan_that_fits_decides_until_it_is_used_up() {
        let mut plans = Plans::default();
        let plan = |kind, types: &[&str], count| Plan {
            plan: kind,
            types: types.iter().map(|t| (*t).to_owned()).collect(),
            times: 3,
            delay: 0,
            count,
        };
        plans.add(plan(Kind::Drop, &["charge.*"], None));
        plans.add(plan(Kind::Duplicate, &[], Some(1)));
        let mut state = |kind: &str| plans.planned(kind).map(|fate| (fate.copies, fate.state));
        assert_eq!(state("charge.succeeded"), Some((3, DeliveryState::Pending)));
        assert_eq!(state("charge.succeeded"), Some((1, DeliveryState::Dropped)));
        assert_eq!(state("refund.created"), None);
    }
}
