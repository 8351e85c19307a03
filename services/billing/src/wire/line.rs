//! What people type into one line: names, descriptions, addresses. It is printed as it is, so it says something and
//! has no line breaks or other control characters.

use super::text::free_text;
use crate::Result;
use crate::domain::people::is_email;
use ::rpc::Invalid;

/// One line that says something. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn one_line(text: String, field: &str) -> Result<String> {
    if text.trim().is_empty() {
        return Err(Invalid::new(field, "must not be blank").into());
    }
    optional_line(text, field)
}

/// The same, or nothing. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn optional_line(text: String, field: &str) -> Result<String> {
    if text.chars().any(char::is_control) {
        return Err(Invalid::new(field, "must be one line without control characters").into());
    }
    free_text(text, field)
}

/// The id that the caller's own system uses; empty is none. Errors: INVALID_FIELD.
pub fn reference(text: String, field: &str) -> Result<Option<String>> {
    if text.chars().any(char::is_control) {
        return Err(Invalid::new(field, "must be one line without control characters").into());
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// An address that mail can be sent to, or nothing. Errors: INVALID_FIELD.
pub fn email(text: String, field: &str) -> Result<String> {
    if text.is_empty() || is_email(&text) {
        return Ok(text);
    }
    Err(Invalid::new(field, "must be an e-mail address").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_something_on_one_line() {
        assert_eq!(
            one_line("Ada".to_owned(), "given_name").ok().as_deref(),
            Some("Ada")
        );
        for text in ["", "  ", "Ada\nLovelace", "Ada\0", "4242 4242 4242 4242"] {
            assert!(one_line(text.to_owned(), "given_name").is_err(), "{text:?}");
        }
        assert!(optional_line(String::new(), "relationship").is_ok());
    }

    #[test]
    fn a_mail_address_has_two_sides() {
        for text in ["", "ada@example.org", "ada@localhost", "o'neill+x@a.b"] {
            assert!(email(text.to_owned(), "email").is_ok(), "{text}");
        }
        for text in [
            "ada",
            "@example.org",
            "ada@",
            "a@b@c",
            "ada @example.org",
            "a@b,c@d",
            "a@b\r\nBcc: c@d",
        ] {
            assert!(email(text.to_owned(), "email").is_err(), "{text}");
        }
    }

    #[test]
    fn an_empty_reference_is_none() {
        assert_eq!(reference(String::new(), "f").ok(), Some(None));
        assert_eq!(
            reference("E-1".to_owned(), "f").ok().flatten().as_deref(),
            Some("E-1")
        );
        assert!(reference("E\n1".to_owned(), "f").is_err());
    }
}
