use crate::{Error, Result};

/// The text, when no card number is in it. Errors: CARD_NUMBER_IN_TEXT naming the field.
pub fn free_text(text: String, field: &str) -> Result<String> {
    ::rpc::free_text(text, field).map_err(|refused| Error::CardNumberInText(refused.field))
}
