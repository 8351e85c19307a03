//! What an appointment costs that did not take place.

use super::session::Outcome;
use ids::ClientId;
use money::{Money, MoneyError, Rate};
use std::collections::BTreeSet;

/// An appointment that was missed and may cost a fee; as the bill's line is flagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// The client did not come.
    NoShow,
    /// The client cancelled too late.
    LateCancellation,
}

impl Missed {
    /// Whether that outcome is one.
    #[must_use]
    pub const fn of(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::NoShow => Some(Self::NoShow),
            Outcome::LateCancellation => Some(Self::LateCancellation),
            Outcome::Completed | Outcome::CancelledByClient | Outcome::CancelledByPractice => None,
        }
    }

    /// As the database keeps it; the outcome's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoShow => Outcome::NoShow.name(),
            Self::LateCancellation => Outcome::LateCancellation.name(),
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Outcome::of(name).and_then(Self::of)
    }

    /// The fee's words on a bill.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::NoShow => "No-show fee",
            Self::LateCancellation => "Late-cancellation fee",
        }
    }
}

/// How a missed appointment is charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charge {
    /// The recorded price.
    #[default]
    AsRecorded,
    /// This much, whatever was recorded; may be 0.
    Amount(Money),
    /// This share of the recorded price.
    Percent(Rate),
}

/// What the practice charges for missed appointments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissedSessionPolicy {
    /// The client did not come.
    pub no_show: Charge,
    /// The client cancelled too late.
    pub late_cancellation: Charge,
    /// Who is charged nothing.
    pub exempt: BTreeSet<ClientId>,
}

impl MissedSessionPolicy {
    /// The fee for a missed appointment of that recorded price.
    ///
    /// # Errors
    /// Too large a share.
    pub fn fee(&self, missed: Missed, client: ClientId, price: Money) -> Result<Money, MoneyError> {
        if self.exempt.contains(&client) {
            return Ok(Money::zero(price.currency()));
        }
        let charge = match missed {
            Missed::NoShow => self.no_show,
            Missed::LateCancellation => self.late_cancellation,
        };
        match charge {
            Charge::AsRecorded => Ok(price),
            Charge::Amount(amount) => Ok(amount),
            Charge::Percent(share) => price.percent(share),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use money::Currency;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    fn client(number: u128) -> ClientId {
        Uuid::from_u128(number).into()
    }

    #[test]
    fn each_kind_has_its_charge_and_without_a_policy_the_recorded_price_counts() {
        let policy = MissedSessionPolicy {
            no_show: Charge::Amount(usd(5_000)),
            late_cancellation: Charge::Percent("50".parse().expect("a rate")),
            exempt: BTreeSet::from([client(2)]),
        };
        let fee = |missed, who| policy.fee(missed, client(who), usd(15_001));
        assert_eq!(fee(Missed::NoShow, 1), Ok(usd(5_000)));
        assert_eq!(fee(Missed::LateCancellation, 1), Ok(usd(7_500)));
        assert_eq!(fee(Missed::NoShow, 2), Ok(usd(0)));
        assert_eq!(fee(Missed::LateCancellation, 2), Ok(usd(0)));
        let none = MissedSessionPolicy::default();
        assert_eq!(
            none.fee(Missed::NoShow, client(1), usd(15_001)),
            Ok(usd(15_001))
        );
    }

    #[test]
    fn only_what_was_missed_by_the_client_is_missed() {
        for outcome in Outcome::ALL {
            let missed = Missed::of(*outcome);
            assert_eq!(
                missed.is_some(),
                matches!(outcome, Outcome::NoShow | Outcome::LateCancellation)
            );
            if let Some(missed) = missed {
                assert_eq!(Missed::of_name(missed.name()), Some(missed));
            }
        }
    }

    proptest! {
        #[test]
        fn a_share_of_at_most_the_whole_never_costs_more_than_the_session(
            price in 0_i64..1_000_000_000, percent in 0_u32..=100,
        ) {
            let policy = MissedSessionPolicy {
                no_show: Charge::Percent(percent.to_string().parse().expect("a rate")),
                ..MissedSessionPolicy::default()
            };
            let fee = policy.fee(Missed::NoShow, client(1), usd(price)).expect("small");
            prop_assert!((0..=price).contains(&fee.minor()));
        }
    }
}
