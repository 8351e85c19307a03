//! Free text comes from people, and people paste card numbers. They are kept nowhere.

use crate::{Error, Result};
use std::borrow::Cow;

/// The text, when no card number is in it (13 to 19 digits, an issuer's prefix, a right check digit). Errors:
/// CARD_NUMBER_IN_TEXT naming the field.
pub fn free_text(text: String, field: &str) -> Result<String> {
    match telemetry::redacted(&text) {
        Cow::Borrowed(_) => Ok(text),
        Cow::Owned(_) => Err(Error::CardNumberInText(field.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_is_refused_however_it_is_grouped() {
        for text in [
            "4242424242424242",
            "paid with 4242 4242 4242 4242 today",
            "3782-822463-10005",
        ] {
            assert!(
                matches!(
                    free_text(text.to_owned(), "comments"),
                    Err(Error::CardNumberInText(_))
                ),
                "{text}"
            );
        }
    }

    #[test]
    fn other_numbers_pass() {
        for text in [
            "",
            "Check 1042",
            "NPI 1234567893",
            "4242 4242 4242 4241",
            "claim 2026-11-21-000123",
        ] {
            assert_eq!(
                free_text(text.to_owned(), "comments").ok().as_deref(),
                Some(text)
            );
        }
    }
}
