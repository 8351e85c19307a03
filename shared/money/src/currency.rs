use std::fmt;
use std::str::FromStr;

/// An ISO 4217 currency that people are paid in, with 0, 2 or 3 digits of minor units.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(iso_currency::Currency);

/// The text is not the upper-case code of a currency that money is paid in. The text itself is left
/// out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 4217 currency code in capitals, such as USD")]
pub struct CurrencyError;

impl Currency {
    /// United States dollar.
    pub const USD: Self = Self(iso_currency::Currency::USD);
    /// Canadian dollar.
    pub const CAD: Self = Self(iso_currency::Currency::CAD);
    /// Euro.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);
    /// Pound sterling.
    pub const GBP: Self = Self(iso_currency::Currency::GBP);
    /// Japanese yen, which has no minor unit.
    pub const JPY: Self = Self(iso_currency::Currency::JPY);
    /// Kuwaiti dinar, of 1,000 fils.
    pub const KWD: Self = Self(iso_currency::Currency::KWD);

    /// The three capitals.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimal digits its minor unit has: 0, 2 or 3.
    pub fn digits(self) -> u32 {
        // Every value passed `payable`, where an exponent is required.
        self.0.exponent().map_or(2, u32::from)
    }

    /// Units of account, metals, test codes and four-digit funds are not money that someone pays
    /// with.
    fn payable(currency: iso_currency::Currency) -> bool {
        !currency.is_special()
            && !currency.is_fund()
            && currency.exponent().is_some_and(|digits| digits <= 3)
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(code: &str) -> Result<Self, CurrencyError> {
        if code.len() != 3 || !code.bytes().all(|letter| letter.is_ascii_uppercase()) {
            return Err(CurrencyError);
        }
        iso_currency::Currency::from_code(code)
            .filter(|found| Self::payable(*found))
            .map(Self)
            .ok_or(CurrencyError)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> serde::Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        code.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_digits_are_the_currency_s_own() {
        let digits = |code: &str| code.parse::<Currency>().expect("a currency").digits();
        assert_eq!(
            ["USD", "EUR", "JPY", "KRW", "KWD", "TND"].map(digits),
            [2, 2, 0, 0, 3, 3]
        );
    }

    #[test]
    fn only_capitals_that_name_real_money_are_read() {
        for text in [
            "", "usd", "Usd", "US", "USDD", "ZZZ", "XAU", "XXX", "XTS", "CLF", "UYW", "U$D", "€UR",
        ] {
            assert_eq!(text.parse::<Currency>(), Err(CurrencyError), "{text:?}");
        }
    }

    #[test]
    fn the_named_currencies_are_the_parsed_ones() {
        for named in [
            Currency::USD,
            Currency::CAD,
            Currency::EUR,
            Currency::GBP,
            Currency::JPY,
            Currency::KWD,
        ] {
            assert_eq!(named.code().parse(), Ok(named));
        }
    }
}
