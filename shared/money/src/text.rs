use std::fmt;

use crate::{Currency, Money};

/// Why a text is not an amount. The text itself is left out: it may stand in a row about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not digits with at most one point between them.
    #[error("an amount is digits with at most one point, such as 77.49")]
    Malformed,
    /// A sign where only a positive amount is meant.
    #[error("an amount here has no sign")]
    Sign,
    /// More decimals than the currency has.
    #[error("{0} has at most {digits} decimals", digits = .0.digits())]
    Precision(Currency),
    /// More than 64 bits of minor units.
    #[error("the amount is too large")]
    TooLarge,
}

impl Money {
    /// Reads a plain decimal such as `77.49`, `40` or `0.5`: no sign, symbol, grouping, exponent or
    /// spaces, and no more decimals than the currency has. (Zeros beyond them are over-precise too:
    /// they say someone meant more.)
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        if text.starts_with(['-', '+']) {
            return Err(AmountError::Sign);
        }
        magnitude(text, currency, 1).map(|minor| Self::from_minor(minor, currency))
    }

    /// As [`Money::parse`], and a leading minus makes it negative: columns of adjustments and
    /// reversals.
    pub fn parse_signed(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let (digits, sign) = text
            .strip_prefix('-')
            .map_or((text, 1), |digits| (digits, -1));
        magnitude(digits, currency, sign).map(|minor| Self::from_minor(minor, currency))
    }

    /// The plain decimal with the currency's digits and nothing else, `-1234.50`: for CSV, and read
    /// by [`Money::parse_signed`].
    pub fn decimal(self) -> String {
        let (whole, decimals) = self.parts();
        let sign = if self.is_negative() { "-" } else { "" };
        format!("{sign}{whole}{decimals}")
    }

    /// Magnitude before the point, and the point with the digits after it (nothing for a currency
    /// without any).
    fn parts(self) -> (u64, String) {
        let digits = self.currency().digits();
        let scale = 10_u64.pow(digits);
        let magnitude = self.minor().unsigned_abs();
        let decimals = if digits == 0 {
            String::new()
        } else {
            format!(".{:0width$}", magnitude % scale, width = digits as usize)
        };
        (magnitude / scale, decimals)
    }
}

/// `$1,234.50` and `-$5.00` for US dollars, `EUR 1,234.50` and `-EUR 5.00` for others.
impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = self.parts();
        let sign = if self.is_negative() { "-" } else { "" };
        let whole = grouped(whole);
        let text = if self.currency() == Currency::USD {
            format!("{sign}${whole}{decimals}")
        } else {
            format!("{sign}{} {whole}{decimals}", self.currency())
        };
        out.pad(&text)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

fn magnitude(text: &str, currency: Currency, sign: i64) -> Result<i64, AmountError> {
    let digits = currency.digits() as usize;
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let number = |part: &str| part.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !number(whole) || !number(decimals) || text.ends_with('.') {
        return Err(AmountError::Malformed);
    }
    if decimals.len() > digits {
        return Err(AmountError::Precision(currency));
    }
    format!("{whole}{decimals:0<digits$}")
        .bytes()
        .try_fold(0_i64, |minor, digit| {
            minor
                .checked_mul(10)?
                .checked_add(i64::from(digit - b'0') * sign)
        })
        .ok_or(AmountError::TooLarge)
}

fn grouped(whole: u64) -> String {
    let digits = whole.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tests::usd;

    #[test]
    fn amounts_are_printed_as_people_write_them() {
        assert_eq!(usd(123_450).to_string(), "$1,234.50");
        assert_eq!(usd(0).to_string(), "$0.00");
        assert_eq!(usd(-5).to_string(), "-$0.05");
        assert_eq!(
            Money::from_minor(1_200, Currency::EUR).to_string(),
            "EUR 12.00"
        );
        assert_eq!(
            Money::from_minor(-1_200_000, Currency::JPY).to_string(),
            "-JPY 1,200,000"
        );
        assert_eq!(
            Money::from_minor(1_005, Currency::KWD).to_string(),
            "KWD 1.005"
        );
        assert_eq!(usd(i64::MIN).to_string(), "-$92,233,720,368,547,758.08");
        assert_eq!(format!("[{:>9}]", usd(4_000)), "[   $40.00]");
        assert_eq!(usd(-123_450).decimal(), "-1234.50");
    }

    #[test]
    fn plain_decimals_are_read() {
        for (text, minor) in [
            ("77.49", 7_749),
            ("40", 4_000),
            ("0.5", 50),
            ("0", 0),
            ("007.10", 710),
        ] {
            assert_eq!(Money::parse(text, Currency::USD), Ok(usd(minor)), "{text}");
        }
        assert_eq!(
            Money::parse("1.005", Currency::KWD),
            Ok(Money::from_minor(1_005, Currency::KWD))
        );
        assert_eq!(
            Money::parse("1200", Currency::JPY),
            Ok(Money::from_minor(1_200, Currency::JPY))
        );
        assert_eq!(
            Money::parse_signed("-77.49", Currency::USD),
            Ok(usd(-7_749))
        );
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        for text in [
            "", ".", ".5", "5.", "1,000.00", "$5", "1e3", " 5", "5 ", "1.2.3", "NaN", "٣", "5.-1",
            "0x1f",
        ] {
            assert_eq!(
                Money::parse(text, Currency::USD),
                Err(AmountError::Malformed),
                "{text:?}"
            );
        }
        assert_eq!(Money::parse("-5.00", Currency::USD), Err(AmountError::Sign));
        assert_eq!(Money::parse("+5.00", Currency::USD), Err(AmountError::Sign));
        assert_eq!(
            Money::parse_signed("--5", Currency::USD),
            Err(AmountError::Malformed)
        );
        assert_eq!(
            Money::parse("77.490", Currency::USD),
            Err(AmountError::Precision(Currency::USD))
        );
        assert_eq!(
            Money::parse("1.0", Currency::JPY),
            Err(AmountError::Precision(Currency::JPY))
        );
        assert_eq!(
            AmountError::Precision(Currency::JPY).to_string(),
            "JPY has at most 0 decimals"
        );
        assert_eq!(
            Money::parse("92233720368547758.08", Currency::USD),
            Err(AmountError::TooLarge)
        );
        assert_eq!(
            Money::parse_signed("-92233720368547758.08", Currency::USD),
            Ok(usd(i64::MIN))
        );
    }

    proptest! {
        #[test]
        fn every_amount_survives_print_and_parse(minor: i64) {
            for currency in [Currency::USD, Currency::JPY, Currency::KWD] {
                let money = Money::from_minor(minor, currency);
                prop_assert_eq!(Money::parse_signed(&money.decimal(), currency), Ok(money));
                let plain = money.to_string().replace(['$', ',', ' '], "").replace(currency.code(), "");
                prop_assert_eq!(plain, money.decimal());
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = Money::parse(&text, Currency::USD);
            let _ = Money::parse_signed(&text, Currency::USD);
        }
    }
}
