//! What a practice is told of its own money, in words.

use super::page::long;
use crate::domain::dispute::DisputeNews;
use crate::domain::letter::Letter;
use crate::domain::message::RunFigures;
use crate::domain::practice::one_line;
use jiff::civil::Date;
use minijinja::{Value, context};
use money::Money;

/// What the template of notices is given; none for a letter to a client.
pub(super) fn of(letter: &Letter) -> Option<Value> {
    match letter {
        Letter::Dispute {
            amount,
            method_text,
            news,
            respond_by_date,
        } => Some(dispute((*amount, method_text), *news, *respond_by_date)),
        Letter::RefundReturned {
            amount,
            method_text,
            return_date,
        } => Some(context! {
            heading => "A refund came back",
            label => "Refund",
            amount => amount.to_string(),
            note => long(*return_date),
            rows => rows(method_text, None),
            words => "The payer’s bank sent the money back. It pays the bills again that the refund had opened; what they \
                do not need is the client’s credit. Please find another way with the client, and refund it again.",
        }),
        Letter::UnattendedDecline {
            amount,
            method_text,
            reason,
            hard,
        } => Some(decline((*amount, method_text), (reason, *hard))),
        Letter::PayoutFailed {
            amount,
            fail_date,
            reason,
        } => Some(context! {
            heading => "A payout did not arrive",
            label => "Payout",
            amount => amount.to_string(),
            note => long(*fail_date),
            rows => rows("", None),
            words => format!("{} The money is in your Stripe balance again.", one_line(reason)).trim(),
        }),
        Letter::ProcessorAccount { news, methods } => Some(context! {
            heading => news.heading(),
            label => "Online payments",
            amount => "off",
            note => "",
            rows => rows("", None),
            words => news.words(*methods),
        }),
        Letter::AutoPayRun { run_date, figures } => Some(night(*run_date, figures)),
        Letter::Bill { .. }
        | Letter::ChargeMoved { .. }
        | Letter::NothingDue { .. }
        | Letter::AccessCode { .. }
        | Letter::Receipt { .. }
        | Letter::Refund { .. }
        | Letter::Adjusted(_)
        | Letter::Superbill { .. }
        | Letter::UpcomingCharge { .. }
        | Letter::Card { .. }
        | Letter::Decline { .. } => None,
    }
}

fn dispute(
    (amount, method_text): (Money, &str),
    news: DisputeNews,
    respond_by: Option<Date>,
) -> Value {
    let (heading, words) = match news {
        DisputeNews::Inquiry => (
            "A bank asks about a payment",
            "No money was taken. Please answer in your Stripe dashboard, or refund the payment. Until it is settled, its \
                bills are left alone: no AutoPay, no reminders.",
        ),
        DisputeNews::Opened => (
            "A payment is disputed",
            "The bank has taken the money back for now. If you want to keep it, hand in evidence in your Stripe dashboard. \
                Until it is decided, the payment cannot be refunded, and its bills are left alone: no AutoPay, no reminders.",
        ),
        DisputeNews::Won => (
            "A dispute was won",
            "The bank has decided for you. The money comes back to your Stripe balance.",
        ),
        DisputeNews::Lost => (
            "A dispute was lost",
            "The bank has decided for the payer. The bill stays paid, and the amount is booked as a loss. Whether you ask \
                the client for it again is your choice.",
        ),
        DisputeNews::CameToNothing => (
            "A bank’s question is settled",
            "No money was taken, and nothing more is to be done.",
        ),
    };
    context! {
        heading => heading,
        label => "Amount",
        amount => amount.to_string(),
        note => "",
        rows => rows(method_text, respond_by),
        words => words,
    }
}

fn decline((amount, method_text): (Money, &str), (reason, hard): (&str, bool)) -> Value {
    let next = if hard {
        "It is not tried again with this card or account. The client was told, and can give another one."
    } else {
        "The client was told. AutoPay tries again on days 1, 3, 5 and 7 after the first decline; a bank debit is not \
            repeated by itself."
    };
    context! {
        heading => "A charge was declined",
        label => "Not charged",
        amount => amount.to_string(),
        note => "",
        rows => rows(method_text, None),
        words => format!("{} {next}", one_line(reason)).trim(),
    }
}

fn night(run_date: Date, figures: &RunFigures) -> Value {
    let (count, sum) = figures.charged;
    let mut rows = vec![
        ("Charged", count.to_string()),
        ("Declined", figures.declined.to_string()),
        ("On their way", figures.pending.to_string()),
        ("Left out", figures.skipped.to_string()),
    ];
    if figures.credited.is_positive() {
        rows.push(("Paid from credit", figures.credited.to_string()));
    }
    context! {
        heading => "Last night’s AutoPay",
        label => "Charged",
        amount => sum.to_string(),
        note => long(run_date),
        rows => rows,
        words => "Which bills these were, and why some were left out, is in the report of the night.",
    }
}

fn rows(method_text: &str, respond_by: Option<Date>) -> Vec<(&'static str, String)> {
    let mut rows = vec![("Paid with", one_line(method_text))];
    rows.retain(|(_, method)| !method.is_empty());
    rows.extend(respond_by.map(|date| ("Answer until", long(date))));
    rows
}
