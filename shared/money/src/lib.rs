//! Amounts of money: whole minor units of one currency. Nothing here panics, wraps, rounds silently
//! or knows floats; arithmetic that cannot be done exactly is a [`MoneyError`]. That is why there
//! is no `impl Add`.
//!
//! Rounding happens in two places only: [`Money::percent`] (half to even) and [`Money::spread`]
//! (largest remainder).

#![deny(clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

mod currency;
mod rate;
mod share;
mod text;

use std::cmp::Ordering;

pub use currency::{Currency, CurrencyError};
pub use rate::{Rate, RateError};
pub use text::AmountError;

/// An amount in minor units (cents) with its currency. It may be negative: a difference, a
/// reversal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    currency: Currency,
    minor: i64,
}

/// Why an amount could not be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Amounts of two currencies met.
    #[error("{left} and {right} cannot be computed with each other")]
    Currencies {
        /// Currency of the amount that was asked.
        left: Currency,
        /// Currency of the amount it met.
        right: Currency,
    },
    /// The result has more than 64 bits of minor units.
    #[error("the amount is too large")]
    Overflow,
    /// A split into no parts.
    #[error("an amount cannot be split into no parts")]
    NoParts,
    /// A negative weight, or none above zero for an amount that is not zero.
    #[error("weights must not be negative and must not all be zero")]
    Weights,
}

impl Money {
    /// The most parts of one [`Money::split`]; instalments and shares stay far below.
    pub const PARTS_MAX: usize = 1_000;

    /// `minor` whole units of the currency's smallest denomination: `from_minor(4000, USD)` is
    /// $40.00.
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { currency, minor }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::from_minor(0, currency)
    }

    /// Minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether this is nothing.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Whether this is more than nothing.
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Whether this is less than nothing.
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// The sum of both.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// What is left after taking `other` away; negative when `other` is larger.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    /// The opposite amount.
    pub fn negated(self) -> Result<Self, MoneyError> {
        Self::zero(self.currency).minus(self)
    }

    /// `count` times the amount: units of a session, days of a package.
    pub fn times(self, count: i64) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(count).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The smaller of both: what of a payment a bill can take.
    pub fn at_most(self, limit: Self) -> Result<Self, MoneyError> {
        Ok(if self.compare(limit)?.is_gt() {
            limit
        } else {
            self
        })
    }

    /// Which is larger. There is no `PartialOrd`, since it would have to be silent about
    /// currencies.
    pub fn compare(self, other: Self) -> Result<Ordering, MoneyError> {
        self.same_currency(other)?;
        Ok(self.minor.cmp(&other.minor))
    }

    /// The sum of `amounts`, all of which must be in `currency`; zero when there are none.
    pub fn sum(
        currency: Currency,
        amounts: impl IntoIterator<Item = Self>,
    ) -> Result<Self, MoneyError> {
        amounts
            .into_iter()
            .try_fold(Self::zero(currency), Self::plus)
    }

    /// `rate` of the amount, rounded half to even to the minor unit.
    pub fn percent(self, rate: Rate) -> Result<Self, MoneyError> {
        let minor = rate.of(self.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    fn combine(self, other: Self, how: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = how(self.minor, other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Currencies {
                left: self.currency,
                right: other.currency,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    #[test]
    fn a_bill_of_150_with_40_paid_leaves_110() {
        assert_eq!(usd(15_000).minus(usd(4_000)), Ok(usd(11_000)));
        assert_eq!(usd(11_000).plus(usd(4_000)), Ok(usd(15_000)));
    }

    #[test]
    fn currencies_never_mix() {
        let euros = Money::from_minor(100, Currency::EUR);
        let refused = MoneyError::Currencies {
            left: Currency::USD,
            right: Currency::EUR,
        };
        assert_eq!(usd(100).plus(euros), Err(refused));
        assert_eq!(usd(100).minus(euros), Err(refused));
        assert_eq!(usd(100).compare(euros), Err(refused));
        assert_eq!(usd(100).at_most(euros), Err(refused));
        assert_eq!(
            Money::sum(Currency::USD, [usd(1), euros]).map(Money::minor),
            {
                Err(MoneyError::Currencies {
                    left: Currency::USD,
                    right: Currency::EUR,
                })
            }
        );
        assert_ne!(usd(100), euros);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert_eq!(usd(i64::MAX).plus(usd(1)), Err(MoneyError::Overflow));
        assert_eq!(usd(i64::MIN).minus(usd(1)), Err(MoneyError::Overflow));
        assert_eq!(usd(i64::MIN).negated(), Err(MoneyError::Overflow));
        assert_eq!(usd(i64::MAX).times(2), Err(MoneyError::Overflow));
        assert_eq!(
            Money::sum(Currency::USD, [usd(i64::MAX), usd(1)]),
            Err(MoneyError::Overflow)
        );
    }

    #[test]
    fn of_two_amounts_a_bill_takes_the_smaller() {
        assert_eq!(usd(5_000).at_most(usd(4_000)), Ok(usd(4_000)));
        assert_eq!(usd(3_000).at_most(usd(4_000)), Ok(usd(3_000)));
    }

    #[test]
    fn percentages_round_half_to_even() {
        let half: Rate = "50".parse().expect("a rate");
        assert_eq!(usd(1).percent(half), Ok(usd(0)));
        assert_eq!(usd(3).percent(half), Ok(usd(2)));
        assert_eq!(usd(5).percent(half), Ok(usd(2)));
        assert_eq!(usd(-3).percent(half), Ok(usd(-2)));
        let fee: Rate = "2.9".parse().expect("a rate");
        assert_eq!(usd(20_000).percent(fee), Ok(usd(580)));
        assert_eq!(usd(i64::MAX).percent(Rate::WHOLE), Ok(usd(i64::MAX)));
        assert_eq!(usd(i64::MIN).percent(Rate::WHOLE), Ok(usd(i64::MIN)));
        assert_eq!(
            usd(i64::MAX).percent("200".parse().expect("a rate")),
            Err(MoneyError::Overflow)
        );
    }

    #[test]
    fn in_json_money_is_its_currency_and_minor_units() {
        let json = serde_json::to_string(&usd(7_749)).expect("money serialises");
        assert_eq!(json, r#"{"currency":"USD","minor":7749}"#);
        assert_eq!(
            serde_json::from_str::<Money>(&json).expect("its own text"),
            usd(7_749)
        );
        for wrong in [
            r#"{"currency":"usd","minor":1}"#,
            r#"{"currency":"USD","minor":1.5}"#,
            r#"{"currency":"USD","minor":"1"}"#,
            r#"{"currency":"USD"}"#,
        ] {
            assert!(serde_json::from_str::<Money>(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_percentage_and_the_rest_are_the_whole(minor: i64, millionths in 0_u32..=100_000_000) {
            let rate: Rate = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000).parse().expect("a rate");
            let part = usd(minor).percent(rate).expect("at most the whole");
            let rest = usd(minor).minus(part).expect("at most the whole");
            prop_assert_eq!(part.plus(rest), Ok(usd(minor)));
            let exact = i128::from(minor) * i128::from(millionths);
            let off = (i128::from(part.minor()) * 100_000_000 - exact).abs();
            prop_assert!(off <= 50_000_000, "off by more than half a minor unit");
        }

        #[test]
        fn adding_and_taking_away_is_nothing(left in any::<i32>(), right in any::<i32>()) {
            let (left, right) = (usd(left.into()), usd(right.into()));
            prop_assert_eq!(left.plus(right).and_then(|sum| sum.minus(right)), Ok(left));
            prop_assert_eq!(left.plus(right), right.plus(left));
        }
    }
}
