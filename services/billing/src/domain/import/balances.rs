use super::table::{Column, Sheet, optional, read, required};
use super::{FileKind, Mistakes, Rules};
use crate::domain::bill::last_due_date;
use jiff::civil::Date;
use money::Money;

const NOTE_MAX: usize = 200;

pub(super) const OPENING_BALANCE_COLUMNS: &[Column] = &[
    required("client_id"),
    required("amount"),
    required("as_of_date"),
    optional("note"),
];

pub(super) const CREDIT_COLUMNS: &[Column] = &[
    required("client_id"),
    required("amount"),
    required("date"),
    optional("note"),
];

pub(super) const OPEN_BILL_COLUMNS: &[Column] = &[
    required("client_id"),
    required("invoice_number"),
    required("issue_date"),
    optional("due_date"),
    required("description"),
    required("total"),
    optional("paid"),
    required("client_owes"),
];

/// What a client owes, or what is held for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceRow {
    /// Whose: a client's id.
    pub client: String,
    /// The day it stood so.
    pub date: Date,
    /// For the client; may be empty.
    pub note: String,
    /// Above 0.
    pub amount: Money,
}

/// A bill of the former system that is not paid yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBillRow {
    /// Whose: a client's id.
    pub client: String,
    /// The former system's own number of it.
    pub number: String,
    /// When it was issued there.
    pub issue_date: Date,
    /// Not before it was issued.
    pub due_date: Date,
    /// What it is for.
    pub description: String,
    /// What it was at first.
    pub total: Money,
    /// What of it was paid there.
    pub paid: Money,
    /// What the client still owes: the total less what was paid.
    pub owes: Money,
}

impl BalanceRow {
    /// What the client reads on the bill it becomes.
    #[must_use]
    pub fn words(&self) -> String {
        let brought = "Balance brought from the former system";
        if self.note.is_empty() {
            brought.to_owned()
        } else {
            format!("{brought}: {}", self.note)
        }
    }
}

impl OpenBillRow {
    /// What the client reads on the bill it becomes.
    #[must_use]
    pub fn words(&self) -> String {
        let Self {
            description,
            number,
            total,
            paid,
            ..
        } = self;
        if paid.is_zero() {
            format!("{description} (invoice {number} of the former system)")
        } else {
            format!(
                "{description} (invoice {number} of the former system: {total}, of which {paid} was paid there)"
            )
        }
    }
}

pub(super) fn opening_balances(
    source: (FileKind, &[u8]),
    rules: &Rules,
    mistakes: &mut Mistakes,
) -> Sheet<BalanceRow> {
    balances(
        source,
        (OPENING_BALANCE_COLUMNS, "as_of_date"),
        (rules, mistakes),
    )
}

pub(super) fn credits(
    source: (FileKind, &[u8]),
    rules: &Rules,
    mistakes: &mut Mistakes,
) -> Sheet<BalanceRow> {
    balances(source, (CREDIT_COLUMNS, "date"), (rules, mistakes))
}

fn balances(
    source: (FileKind, &[u8]),
    (columns, date): (&[Column], &str),
    (rules, mistakes): (&Rules, &mut Mistakes),
) -> Sheet<BalanceRow> {
    read(source, columns, (rules, mistakes), |cells| {
        let client = cells.reference("client_id");
        let amount = cells.amount("amount");
        let date = cells.past_date(date);
        let note = cells.optional_text("note", NOTE_MAX);
        cells.sound(BalanceRow {
            client: client?,
            date: date?,
            note: note?,
            amount: amount?,
        })
    })
}

pub(super) fn open_bills(
    source: (FileKind, &[u8]),
    rules: &Rules,
    mistakes: &mut Mistakes,
) -> Sheet<OpenBillRow> {
    read(source, OPEN_BILL_COLUMNS, (rules, mistakes), |cells| {
        let client = cells.reference("client_id");
        let number = cells.text("invoice_number", 60);
        let issue_date = cells.past_date("issue_date");
        let due_date = if cells.cell("due_date").is_empty() {
            issue_date
        } else {
            cells.date("due_date")
        };
        let description = cells.text("description", NOTE_MAX);
        let total = cells.amount("total");
        let paid = cells.amount_or_nothing("paid");
        let owes = cells.amount("client_owes");
        if due_date
            .zip(issue_date)
            .is_some_and(|(due, issued)| due < issued)
        {
            cells.wrong("due_date", "must not be before issue_date");
        }
        if due_date.is_some_and(|due| due > last_due_date(rules.today)) {
            cells.wrong("due_date", "must be within ten years");
        }
        if let (Some(total), Some(paid), Some(owes)) = (total, paid, owes)
            && total.minus(paid) != Ok(owes)
        {
            cells.wrong("client_owes", "must be total less paid");
        }
        cells.sound(OpenBillRow {
            client: client?,
            number: number?,
            issue_date: issue_date?,
            due_date: due_date?,
            description: description?,
            total: total?,
            paid: paid?,
            owes: owes?,
        })
    })
}
