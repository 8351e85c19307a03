//! Mails whose words were all in the event: those to the practice itself, and what was given back.

use super::trouble::Trouble;
use crate::domain::letter::Letter;
use crate::domain::message::Particulars;
use crate::letter::Document;
use jiff::civil::Date;
use money::Money;

/// What was given back.
pub(super) fn refunded(
    (amount, refund_date, to_credit): (Money, Date, bool),
    method_text: &str,
) -> Letter {
    Letter::Refund {
        amount,
        refund_date,
        to_credit,
        method_text: method_text.to_owned(),
    }
}

/// The letter, with which nothing goes.
pub(super) fn letter(particulars: &Particulars) -> Result<(Letter, Option<Document>), Trouble> {
    let letter = of(particulars).ok_or_else(|| Trouble::Never("not a notice".to_owned()))?;
    Ok((letter, None))
}

/// None for what goes to a client.
fn of(particulars: &Particulars) -> Option<Letter> {
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
        Particulars::UnattendedDecline {
            amount,
            method_text,
            reason,
            hard,
            ..
        } => Some(Letter::UnattendedDecline {
            amount: *amount,
            method_text: method_text.clone(),
            reason: reason.clone(),
            hard: *hard,
        }),
        Particulars::PayoutFailed {
            amount,
            fail_date,
            reason,
            ..
        } => Some(Letter::PayoutFailed {
            amount: *amount,
            fail_date: *fail_date,
            reason: reason.clone(),
        }),
        Particulars::ProcessorAccount { news, methods, .. } => Some(Letter::ProcessorAccount {
            news: *news,
            methods: *methods,
        }),
        Particulars::AutoPayRun { run_date, figures } => Some(Letter::AutoPayRun {
            run_date: *run_date,
            figures: *figures,
        }),
        Particulars::Bill { .. }
        | Particulars::ChargeMoved { .. }
        | Particulars::Receipt { .. }
        | Particulars::UpcomingCharge { .. }
        | Particulars::Refund { .. }
        | Particulars::Decline { .. }
        | Particulars::AccessCode { .. }
        | Particulars::Adjustment { .. }
        | Particulars::Card { .. }
        | Particulars::Superbill { .. } => None,
    }
}
