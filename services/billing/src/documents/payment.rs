use std::fmt;

use jiff::civil::Date;
use money::Money;
use serde::Serialize;

use super::wording::{amount, short_date};

/// A payment as a document tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFacts {
    /// The local date it was received.
    pub date: Date,
    /// How it was made.
    pub paid_by: PaidBy,
    /// On a bill, the part that went to this bill, refunds taken off; on a receipt,
    /// all of it.
    pub amount: Money,
}

/// How a payment was made. `Display` says it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaidBy {
    /// Coins and notes.
    Cash,
    /// A paper check.
    Check {
        /// As printed on it.
        number: Option<String>,
    },
    /// A card, taken online.
    Card {
        /// `Visa`, `Mastercard`…
        brand: String,
        /// The four digits people recognise it by.
        last_four: String,
    },
    /// A card charged on another terminal.
    CardElsewhere {
        /// Known when the office wrote it down.
        last_four: Option<String>,
    },
    /// A bank debit.
    BankAccount {
        /// The bank's name.
        bank: Option<String>,
        /// The four digits people recognise it by.
        last_four: String,
    },
    /// A third party, such as an employer or a victims' fund.
    ThirdParty {
        /// Its name.
        name: String,
    },
    /// Anything else, in the office's words.
    Other {
        /// Those words.
        words: String,
    },
}

impl fmt::Display for PaidBy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cash => out.write_str("Cash"),
            Self::Check {
                number: Some(number),
            } => write!(out, "Check #{number}"),
            Self::Check { number: None } => out.write_str("Check"),
            Self::Card { brand, last_four } => write!(out, "{brand} ending in {last_four}"),
            Self::CardElsewhere {
                last_four: Some(four),
            } => write!(out, "Card ending in {four}"),
            Self::CardElsewhere { last_four: None } => out.write_str("Card"),
            Self::BankAccount {
                bank: Some(bank),
                last_four,
            } => {
                write!(out, "{bank} account ending in {last_four}")
            }
            Self::BankAccount {
                bank: None,
                last_four,
            } => {
                write!(out, "Bank account ending in {last_four}")
            }
            Self::ThirdParty { name } => write!(out, "Paid by {name}"),
            Self::Other { words } => out.write_str(words),
        }
    }
}

/// A [`PaymentFacts`] in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentPayment {
    date: String,
    method: String,
    amount: String,
}

impl From<PaymentFacts> for DocumentPayment {
    fn from(payment: PaymentFacts) -> Self {
        Self {
            date: short_date(payment.date),
            method: payment.paid_by.to_string(),
            amount: amount(payment.amount),
        }
    }
}
