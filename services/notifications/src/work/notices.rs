//! Mails to the practice itself: what they say was in the event, and their address is the practice's own.

use super::trouble::Trouble;
use crate::domain::letter::Letter;
use crate::domain::message::Particulars;
use crate::domain::practice::Practice;
use lettre::Address;

const NO_ADDRESS: &str = "the practice has no e-mail address";

/// Where a practice hears of its own money.
pub(super) fn recipient(practice: &Practice) -> Result<Address, Trouble> {
    let address = practice.email.trim();
    if address.is_empty() {
        return Err(Trouble::Needless(NO_ADDRESS.to_owned()));
    }
    address
        .parse()
        .map_err(|_| Trouble::Never("the practice's e-mail address is not one".to_owned()))
}

/// The letter; none for what goes to a client.
pub(super) fn letter(particulars: &Particulars) -> Option<Letter> {
    match particulars {
        Particulars::Dispute {
            amount,
            news,
            respond_by_date,
            method_text,
            ..
        } => Some(Letter::Dispute {
            amount: *amount,
            method_text: method_text.clone(),
            news: *news,
            respond_by_date: *respond_by_date,
        }),
        Particulars::RefundReturned {
            amount,
            return_date,
            method_text,
            ..
        } => Some(Letter::RefundReturned {
            amount: *amount,
            method_text: method_text.clone(),
            return_date: *return_date,
        }),
        Particulars::Bill { .. }
        | Particulars::Receipt { .. }
        | Particulars::Refund { .. }
        | Particulars::Decline { .. }
        | Particulars::AccessCode { .. } => None,
    }
}
