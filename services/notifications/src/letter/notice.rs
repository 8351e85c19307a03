//! What a practice is told of its own money, in words.

use super::page::long;
use crate::domain::dispute::DisputeNews;
use crate::domain::letter::Letter;
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
        Letter::Bill { .. }
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

fn rows(method_text: &str, respond_by: Option<Date>) -> Vec<(&'static str, String)> {
    let mut rows = vec![("Paid with", one_line(method_text))];
    rows.retain(|(_, method)| !method.is_empty());
    rows.extend(respond_by.map(|date| ("Answer until", long(date))));
    rows
}
