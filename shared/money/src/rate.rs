use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};

const PERCENT_MAX: i64 = 1_000;
const DIGITS_MAX: u32 = 6;

/// A share of an amount, written as a percentage: `"12.5"` is one eighth. From 0 to 1,000 %, at
/// most 6 decimals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    fraction: Decimal,
}

/// Why a text is not a rate. The text itself is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// Not digits with at most one point between them.
    #[error("a percentage is digits with at most one point, such as 12.5")]
    Malformed,
    /// More than 6 digits after the point.
    #[error("a percentage has at most {DIGITS_MAX} decimals")]
    Precision,
    /// More than 1,000 %.
    #[error("a percentage is at most {PERCENT_MAX}")]
    Range,
}

impl Rate {
    /// 0 %.
    pub const ZERO: Self = Self {
        fraction: Decimal::ZERO,
    };
    /// 100 %.
    pub const WHOLE: Self = Self {
        fraction: Decimal::ONE,
    };

    /// The rate as a fraction: 0.125 for one eighth.
    pub const fn fraction(self) -> Decimal {
        self.fraction
    }

    /// This share of `minor`, half to even; `None` when it does not fit.
    pub(crate) fn of(self, minor: i64) -> Option<i64> {
        let exact = Decimal::from(minor).checked_mul(self.fraction)?;
        exact
            .round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven)
            .try_into()
            .ok()
    }

    /// 12.5 for one eighth. The bounds of a rate leave room for two more digits.
    fn percent(self) -> Decimal {
        (self.fraction * Decimal::ONE_HUNDRED).normalize()
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
        if !digits(whole) || !digits(decimals) {
            return Err(RateError::Malformed);
        }
        if decimals.len() > DIGITS_MAX as usize {
            return Err(RateError::Precision);
        }
        if whole.len() > 4 {
            return Err(RateError::Range);
        }
        let percent = Decimal::from_str(text).map_err(|_| RateError::Malformed)?;
        if percent > Decimal::from(PERCENT_MAX) {
            return Err(RateError::Range);
        }
        Ok(Self {
            fraction: (percent / Decimal::ONE_HUNDRED).normalize(),
        })
    }
}

/// The percentage without its sign, as it is parsed: `12.5`.
impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.percent(), out)
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}%", self.percent())
    }
}

impl serde::Serialize for Rate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Rate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rate_is_written_as_a_percentage() {
        let eighth: Rate = "12.5".parse().expect("a rate");
        assert_eq!(eighth.to_string(), "12.5");
        assert_eq!(eighth.fraction().to_string(), "0.125");
        assert_eq!("12.500".parse(), Ok(eighth));
        assert_eq!("100".parse(), Ok(Rate::WHOLE));
        assert_eq!("0".parse(), Ok(Rate::ZERO));
        assert_eq!(
            "1000"
                .parse::<Rate>()
                .expect("a rate")
                .fraction()
                .to_string(),
            "10"
        );
    }

    #[test]
    fn what_is_not_one_is_refused_with_the_reason() {
        for text in [
            "", ".", "5.", ".5", "-1", "+1", "1e2", "1_0", "1,5", " 1", "1.5.0", "٣", "5%",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::Malformed), "{text:?}");
        }
        assert_eq!("0.0000001".parse::<Rate>(), Err(RateError::Precision));
        assert_eq!("1000.000001".parse::<Rate>(), Err(RateError::Range));
        assert_eq!(
            "99999999999999999999999999999999".parse::<Rate>(),
            Err(RateError::Range)
        );
    }

    proptest! {
        #[test]
        fn every_rate_survives_print_and_parse(millionths in 0_i64..=1_000_000_000) {
            let text = Decimal::new(millionths, 6).to_string();
            let rate: Rate = text.parse().expect("a rate");
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
            prop_assert_eq!(rate.fraction() * Decimal::ONE_HUNDRED, rate.percent());
        }
    }
}
