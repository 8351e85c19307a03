//! Free text comes from people, and people paste card numbers. They are kept nowhere.

use crate::fault::{Details, Fault, status};
use std::borrow::Cow;
use tonic::{Code, Status};

/// A text with a card number in it: INVALID_ARGUMENT, CARD_NUMBER_IN_TEXT, the field named. The text is left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} must not contain a card number")]
pub struct CardNumberInText {
    /// Its path in the request.
    pub field: String,
}

/// The text, when no card number is in it: 13 to 19 digits, also in groups by spaces or dashes, with an issuer's prefix
/// and a right check digit.
///
/// # Errors
/// [`CardNumberInText`].
pub fn free_text(text: String, field: &str) -> Result<String, CardNumberInText> {
    match telemetry::redacted(&text) {
        Cow::Borrowed(_) => Ok(text),
        Cow::Owned(_) => Err(CardNumberInText {
            field: field.to_owned(),
        }),
    }
}

impl Fault for CardNumberInText {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }

    fn reason(&self) -> &'static str {
        "CARD_NUMBER_IN_TEXT"
    }

    fn details(&self) -> Details {
        Details::default().field(&self.field, "must not contain a card number")
    }
}

impl From<CardNumberInText> for Status {
    fn from(refused: CardNumberInText) -> Self {
        status(&refused)
    }
}

#[cfg(test)]
mod tests {
    use super::free_text;

    #[test]
    fn a_card_number_is_refused_however_it_is_grouped() {
        for text in [
            "4242424242424242",
            "paid with 4242 4242 4242 4242 today",
            "3782-822463-10005",
            "card:5555555555554444.",
        ] {
            let refused = free_text(text.to_owned(), "note").expect_err(text);
            assert_eq!(refused.field, "note");
            assert!(!refused.to_string().contains("4242"));
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
            assert_eq!(free_text(text.to_owned(), "note").as_deref(), Ok(text));
        }
    }
}
