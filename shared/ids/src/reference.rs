use std::fmt;
use std::str::FromStr;

use clock::Clock;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef, Postgres};

use crate::base32;

const SYMBOLS: usize = 8;
const BITS: u32 = 40;

/// The Invoice # on a bill: 40 random bits as 8 Crockford base32 symbols, shown as `K7M2-9QXD`. It
/// says nothing about the practice or the number of its bills. In the database it is `text`, the 8
/// symbols without the dash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(u64);

/// Why a text is not an Invoice #. The text itself is left out: it came from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Without dashes and spaces there are not 8 characters.
    #[error("an invoice number has 8 characters, as in K7M2-9QXD")]
    Length,
    /// A character that is neither a digit nor a letter other than U.
    #[error("an invoice number has only digits and letters, and no U")]
    Symbol,
}

impl Reference {
    /// A new reference. Whether it is taken already only the database knows: insert it, and draw
    /// again if so.
    pub fn new(clock: &Clock) -> Self {
        let mut bytes = [0; 8];
        clock.fill(&mut bytes[3..]);
        Self(u64::from_be_bytes(bytes))
    }

    /// The 8 upper-case symbols without the dash, as the database keeps them.
    pub fn symbols(self) -> String {
        base32::encode(u128::from(self.0), SYMBOLS).to_ascii_uppercase()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbols = self.symbols();
        let (left, right) = symbols.split_at(SYMBOLS / 2);
        write!(out, "{left}-{right}")
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Reads what people type: any case, with or without dash and spaces, O as 0, I and L as 1.
impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let typed: Vec<char> = text
            .chars()
            .filter(|symbol| !symbol.is_whitespace() && *symbol != '-')
            .take(SYMBOLS + 1)
            .collect();
        if typed.len() != SYMBOLS {
            return Err(ReferenceError::Length);
        }
        let canonical: String = typed
            .iter()
            .map(|symbol| match symbol.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            })
            .collect();
        let value = base32::decode(&canonical).ok_or(ReferenceError::Symbol)?;
        u64::try_from(value)
            .ok()
            .filter(|value| value >> BITS == 0)
            .map(Self)
            .ok_or(ReferenceError::Symbol)
    }
}

impl serde::Serialize for Reference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Reference {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl sqlx::Type<Postgres> for Reference {
    fn type_info() -> PgTypeInfo {
        <str as sqlx::Type<Postgres>>::type_info()
    }

    fn compatible(ty: &PgTypeInfo) -> bool {
        <str as sqlx::Type<Postgres>>::compatible(ty)
    }
}

impl PgHasArrayType for Reference {
    fn array_type_info() -> PgTypeInfo {
        <&str as PgHasArrayType>::array_type_info()
    }
}

impl sqlx::Encode<'_, Postgres> for Reference {
    fn encode_by_ref(
        &self,
        buffer: &mut PgArgumentBuffer,
    ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
        <String as sqlx::Encode<'_, Postgres>>::encode(self.symbols(), buffer)
    }
}

impl<'row> sqlx::Decode<'row, Postgres> for Reference {
    fn decode(value: PgValueRef<'row>) -> Result<Self, sqlx::error::BoxDynError> {
        Ok(<&str as sqlx::Decode<'row, Postgres>>::decode(value)?.parse()?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_may_type_it_as_they_read_it() {
        let printed: Reference = "K7M2-9QXD".parse().expect("a reference");
        for typed in ["k7m2-9qxd", "K7M29QXD", " k7m2 9qxd ", "K7-M2-9Q-XD"] {
            assert_eq!(typed.parse(), Ok(printed), "{typed}");
        }
        assert_eq!(
            "OIL0-1oil"
                .parse::<Reference>()
                .expect("a reference")
                .to_string(),
            "0110-1011"
        );
    }

    #[test]
    fn what_cannot_be_one_is_refused_with_the_reason() {
        for text in ["", "K7M2-9QX", "K7M2-9QXDD", "--------"] {
            assert_eq!(
                text.parse::<Reference>(),
                Err(ReferenceError::Length),
                "{text:?}"
            );
        }
        for text in ["K7M2-9QXU", "K7M2-9Q!D", "K7M29QXé", "\u{212A}7M29QXD"] {
            assert_eq!(
                text.parse::<Reference>(),
                Err(ReferenceError::Symbol),
                "{text:?}"
            );
        }
    }

    #[test]
    fn references_of_a_practice_do_not_follow_one_another() {
        let clock = Clock::system();
        let drawn: std::collections::BTreeSet<_> =
            (0..1_000).map(|_| Reference::new(&clock)).collect();
        assert_eq!(drawn.len(), 1_000);
    }

    proptest! {
        #[test]
        fn every_reference_survives_print_and_parse(value in 0_u64..(1 << BITS)) {
            let reference = Reference(value);
            prop_assert_eq!(reference.to_string().parse(), Ok(reference));
            prop_assert_eq!(reference.symbols().parse(), Ok(reference));
            prop_assert_eq!(reference.to_string().len(), 9);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = text.parse::<Reference>();
        }
    }
}
