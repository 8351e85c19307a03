//! What templates see of a letter: texts, ready to print.

use super::notice;
use crate::domain::card::CardNews;
use crate::domain::letter::{Adjusted, Changed, Due, Letter, PayPage};
use crate::domain::practice::{Practice, one_line};
use ids::Reference;
use jiff::civil::Date;
use minijinja::{Value, context};
use money::Money;

/// What a letter's templates are given.
pub(super) struct Page {
    /// One line.
    pub(super) subject: String,
    /// Everything the templates name.
    pub(super) context: Value,
}

pub(super) fn of(letter: &Letter, practice: &Practice) -> Page {
    let name = one_line(&practice.name);
    let subject = letter.subject(&name);
    let particular = particular(letter, &name);
    let letterhead = context! {
        name => name.clone(),
        address_lines => practice.address_lines.iter().map(|line| one_line(line)).collect::<Vec<_>>(),
        phone => one_line(&practice.phone),
        email => one_line(&practice.email),
    };
    let context = context! { subject => subject.clone(), practice => letterhead, ..particular };
    Page { subject, context }
}

fn particular(letter: &Letter, practice: &str) -> Value {
    match letter {
        Letter::Bill {
            amount_due,
            due_date,
            pay_page,
            has_pdf,
        } => context! {
            amount_due => amount_due.to_string(),
            due_date => long(*due_date),
            page => page(pay_page),
            has_pdf => has_pdf,
        },
        Letter::NothingDue {
            reference,
            balance,
            insurer_owes,
            has_pdf,
        } => context! {
            reference => reference.to_string(),
            balance => balance.to_string(),
            insurer_owes => insurer_owes,
            has_pdf => has_pdf,
        },
        Letter::AccessCode { due, burned } => context! {
            burned => burned,
            ..still_due(Some(due))
        },
        Letter::Adjusted(adjusted) => changed(adjusted),
        Letter::Receipt {
            amount,
            receive_date,
            method_text,
            bills,
            credited,
            balance,
        } => {
            let paid = (method_text.as_str(), bills.as_slice(), *credited);
            receipt((*amount, *receive_date), paid, *balance)
        }
        Letter::Refund {
            amount,
            refund_date,
            to_credit,
            method_text,
        } => refund((*amount, *refund_date), (*to_credit, method_text)),
        Letter::Superbill { month, has_pdf } => superbill(*month, *has_pdf),
        Letter::Decline {
            amount,
            method_text,
            reason,
            due,
        } => declined((*amount, method_text), reason, due.as_ref()),
        Letter::Dispute { .. }
        | Letter::RefundReturned { .. }
        | Letter::UnattendedDecline { .. }
        | Letter::PayoutFailed { .. }
        | Letter::ProcessorAccount { .. }
        | Letter::AutoPayRun { .. } => notice::of(letter).unwrap_or_default(),
        Letter::ChargeMoved {
            due,
            charge_date,
            by_practice,
        } => moved(due, *charge_date, *by_practice),
        Letter::UpcomingCharge {
            due,
            charge_date,
            movable,
        } => upcoming(due, *charge_date, *movable),
        Letter::Card { news, link } => card(news, link.as_ref(), practice),
    }
}

fn declined((amount, method_text): (Money, &str), reason: &str, due: Option<&Due>) -> Value {
    context! {
        amount => amount.to_string(),
        method_text => one_line(method_text),
        reason => reason,
        ..still_due(due)
    }
}

fn moved(due: &Due, charge_date: Date, by_practice: bool) -> Value {
    context! {
        charge_date => long(charge_date),
        by_practice => by_practice,
        ..still_due(Some(due))
    }
}

fn receipt(
    (amount, receive_date): (Money, Date),
    paid: (&str, &[(Reference, Money)], Money),
    balance: Option<Money>,
) -> Value {
    context! {
        amount => amount.to_string(),
        receive_date => long(receive_date),
        rows => receipt_rows(paid),
        balance_words => balance.map(balance_words),
    }
}

fn refund((amount, refund_date): (Money, Date), (to_credit, method_text): (bool, &str)) -> Value {
    context! {
        amount => amount.to_string(),
        refund_date => long(refund_date),
        to_credit => to_credit,
        rows => refund_rows(to_credit, method_text),
    }
}

fn upcoming(due: &Due, charge_date: Date, (move_end_date, latest_date): (Date, Date)) -> Value {
    context! {
        charge_date => long(charge_date),
        move_end_date => long(move_end_date),
        latest_date => long(latest_date),
        ..still_due(Some(due))
    }
}

fn card(news: &CardNews, link: Option<&(&str, String)>, practice: &str) -> Value {
    let (heading, paragraphs) = news.words(practice);
    context! {
        heading => heading,
        paragraphs => paragraphs.iter().map(|text| one_line(text)).collect::<Vec<_>>(),
        link_words => link.map_or("", |(words, _)| *words),
        link => link.map(|(_, url)| address(url)),
    }
}

fn changed(adjusted: &Adjusted) -> Value {
    context! {
        reference => adjusted.reference.to_string(),
        changes => adjusted.changes.iter().map(change).collect::<Vec<_>>(),
        balance => adjusted.balance.to_string(),
        insurer_owes => adjusted.insurer_owes,
        ..still_due(adjusted.due.as_ref())
    }
}

fn superbill(month: Date, has_pdf: bool) -> Value {
    let month = month.strftime("%B %Y").to_string();
    context! { month => month, has_pdf => has_pdf }
}

/// In words, and by how much less or more is owed.
fn change(change: &Changed) -> (String, String) {
    let sign = if change.taken_back { '+' } else { '\u{2212}' };
    (one_line(&change.words), format!("{sign}{}", change.amount))
}

/// Where it goes.
fn refund_rows(to_credit: bool, method_text: &str) -> Vec<(&'static str, String)> {
    let place = if to_credit {
        "Your credit".to_owned()
    } else {
        one_line(method_text)
    };
    let mut rows = vec![("Goes to", place)];
    rows.retain(|(_, place)| !place.is_empty());
    rows
}

fn still_due(due: Option<&Due>) -> Value {
    match due {
        Some(due) => context! {
            page => page(&due.pay_page),
            amount_due => due.amount.to_string(),
            due_date => long(due.date),
        },
        None => context! { page => false },
    }
}

/// How it was paid, and what for.
fn receipt_rows(
    (method_text, bills, credited): (&str, &[(Reference, Money)], Money),
) -> Vec<(String, String)> {
    let mut rows = vec![("Paid with".to_owned(), one_line(method_text))];
    rows.retain(|(_, method)| !method.is_empty());
    let of_bill = |(reference, amount): &(Reference, Money)| {
        (format!("For Invoice # {reference}"), amount.to_string())
    };
    rows.extend(bills.iter().map(of_bill));
    if credited.minor() > 0 {
        rows.push(("Kept as credit".to_owned(), credited.to_string()));
    }
    rows
}

fn page(page: &PayPage) -> Value {
    let code = page.access_code.as_str();
    let (left, right) = code.split_at_checked(code.len() / 2).unwrap_or((code, ""));
    context! {
        reference => page.reference.to_string(),
        code_left => left,
        code_right => right,
        link => address(&page.link),
        address => address(&page.address),
    }
}

/// A URL, escaped for HTML but for its slashes, which minijinja would escape too.
fn address(url: &str) -> Value {
    let mut safe = String::with_capacity(url.len());
    for letter in url.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    Value::from_safe_string(safe)
}

fn balance_words(balance: Money) -> String {
    if balance.minor() > 0 {
        format!("Balance: {balance} is still due.")
    } else {
        format!("Balance: {balance} — nothing is due. Thank you.")
    }
}

pub(super) fn long(date: Date) -> String {
    date.strftime("%B %-d, %Y").to_string()
}
