//! What a client owed, what changed it, and what they owe: the ledger's entries as the client sees them.
//!
//! The balance of a statement is what is owed less credit, so an act that only moves money between the two (credit
//! used for a bill) does not show.

use ids::{EntryId, Reference};
use jiff::civil::Date;
use money::{Money, MoneyError};
use std::fmt;

/// What happened, as far as the client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A bill was issued.
    BillIssued {
        /// Its number.
        number: i64,
        /// Its Invoice #.
        reference: Reference,
    },
    /// A bill was taken back.
    BillCancelled {
        /// Its number.
        number: i64,
    },
    /// A payment came.
    Payment {
        /// As printed.
        method: String,
        /// The bills it went to at first.
        bills: Vec<i64>,
    },
    /// An insurer paid or decided.
    InsurerPayment {
        /// As printed.
        payer: String,
        /// The bill.
        number: i64,
    },
    /// A payment was given back.
    Refund {
        /// Of the payment, as printed.
        method: String,
    },
    /// A refund came back from the payer's bank.
    RefundReturned {
        /// Of the payment, as printed.
        method: String,
    },
    /// Credit was used for a bill.
    CreditApplied {
        /// The bill.
        number: i64,
    },
    /// Credit was taken off a bill again.
    CreditReversed {
        /// The bill.
        number: i64,
    },
    /// A bill was written anew.
    BillEdited {
        /// Its number.
        number: i64,
    },
    /// Something was taken off.
    Adjusted {
        /// The bill.
        number: i64,
        /// In words for the client.
        text: String,
    },
    /// What was taken off is owed again.
    AdjustmentReversed {
        /// The bill.
        number: i64,
        /// In words for the client.
        text: String,
    },
    /// What was owed in the former system.
    BalanceBrought {
        /// The number of the bill it became.
        number: i64,
        /// Its Invoice #.
        reference: Reference,
    },
    /// What the former system held.
    CreditBrought,
    /// The same, taken back with its import.
    CreditTakenBack,
}

/// What an act on a client's account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovementKind {
    /// Owed in the practice's former system.
    Brought,
    /// A bill: the client's share of sessions, products and fees.
    Charge,
    /// An insurer paid or decided.
    Insurance,
    /// Money from the client or a contact.
    Payment,
    /// Money given back.
    Refund,
    /// Client credit given or applied.
    Credit,
    /// A discount, waiver, write-off, or a bill taken back.
    Adjustment,
}

impl MovementKind {
    /// Every kind, in the order in which a statement sums them up.
    pub const ALL: [Self; 7] = [
        Self::Brought,
        Self::Charge,
        Self::Insurance,
        Self::Adjustment,
        Self::Payment,
        Self::Credit,
        Self::Refund,
    ];
}

impl Occasion {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> MovementKind {
        match self {
            Self::BalanceBrought { .. } => MovementKind::Brought,
            Self::BillIssued { .. } => MovementKind::Charge,
            Self::BillCancelled { .. }
            | Self::BillEdited { .. }
            | Self::Adjusted { .. }
            | Self::AdjustmentReversed { .. } => MovementKind::Adjustment,
            Self::Payment { .. } => MovementKind::Payment,
            Self::InsurerPayment { .. } => MovementKind::Insurance,
            Self::Refund { .. } | Self::RefundReturned { .. } => MovementKind::Refund,
            Self::CreditApplied { .. }
            | Self::CreditReversed { .. }
            | Self::CreditBrought
            | Self::CreditTakenBack => MovementKind::Credit,
        }
    }

    /// What happened, in a few words: the first line in a statement.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::BillIssued { number, .. } => format!("Bill {number}"),
            Self::BillCancelled { number } => format!("Bill {number} cancelled"),
            Self::Payment { .. } => "Payment, thank you".to_owned(),
            Self::InsurerPayment { number, .. } => format!("Insurance decision on bill {number}"),
            Self::Refund { .. } => "Refund".to_owned(),
            Self::RefundReturned { .. } => "Refund sent back by the bank".to_owned(),
            Self::CreditApplied { number } => format!("Credit applied to bill {number}"),
            Self::CreditReversed { number } => format!("Credit taken off bill {number}"),
            Self::BillEdited { number } => format!("Bill {number} corrected"),
            Self::Adjusted { text, .. } => text.clone(),
            Self::AdjustmentReversed { .. } => "Adjustment taken back".to_owned(),
            Self::BalanceBrought { .. } => "Balance brought from the former system".to_owned(),
            Self::CreditBrought => "Credit brought from the former system".to_owned(),
            Self::CreditTakenBack => "Credit from the former system taken back".to_owned(),
        }
    }

    /// More of it: the second line.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::BillIssued { reference, .. } => Some(format!("Invoice # {reference}")),
            Self::Payment { method, bills } => {
                let bills = match bills.as_slice() {
                    [] => None,
                    [one] => Some(format!("for bill {one}")),
                    many => {
                        let numbers: Vec<_> = many.iter().map(ToString::to_string).collect();
                        Some(format!("for bills {}", numbers.join(", ")))
                    }
                };
                let method = Some(method.clone()).filter(|method| !method.is_empty());
                let parts: Vec<_> = method.into_iter().chain(bills).collect();
                Some(parts.join(" ")).filter(|detail| !detail.is_empty())
            }
            Self::InsurerPayment { payer, .. } => Some(payer.clone()),
            Self::Refund { method } | Self::RefundReturned { method } if !method.is_empty() => {
                Some(format!("of {method}"))
            }
            Self::Adjusted { number, .. } => Some(format!("on bill {number}")),
            Self::AdjustmentReversed { number, text } => Some(format!("{text}, on bill {number}")),
            Self::BalanceBrought { number, reference } => {
                Some(format!("Bill {number}, Invoice # {reference}"))
            }
            Self::Refund { .. }
            | Self::RefundReturned { .. }
            | Self::BillCancelled { .. }
            | Self::BillEdited { .. }
            | Self::CreditApplied { .. }
            | Self::CreditReversed { .. }
            | Self::CreditBrought
            | Self::CreditTakenBack => None,
        }
    }
}

/// Both lines in one.
impl fmt::Display for Occasion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.words())?;
        match self.detail() {
            Some(detail) => write!(out, " · {detail}"),
            None => Ok(()),
        }
    }
}

/// What an entry, or a part of it, changes for the client.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The entry.
    pub entry: EntryId,
    /// Its business date.
    pub date: Date,
    /// What it is about.
    pub occasion: Occasion,
    /// Above 0: more is owed; below 0: less.
    pub amount: Money,
}

/// One line of a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Movement {
    /// The entry, with all its transfers in one amount, which is not 0.
    pub change: Change,
    /// What was owed after it, less credit.
    pub balance: Money,
}

/// A statement: opening balance + Σ movements = closing balance.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Owed less credit at first.
    pub opening: Money,
    /// Oldest first.
    pub movements: Vec<Movement>,
    /// Owed less credit in the end; negative is credit.
    pub closing: Money,
}

impl Statement {
    /// What the movements of a kind sum to. Opening balance + the sums of all kinds = closing balance.
    ///
    /// # Errors
    /// Too large a sum.
    pub fn sum(&self, kind: MovementKind) -> Result<Money, MoneyError> {
        let of_kind = self
            .movements
            .iter()
            .filter(|movement| movement.change.occasion.kind() == kind);
        Money::sum(
            self.opening.currency(),
            of_kind.map(|movement| movement.change.amount),
        )
    }

    /// The statement of these changes, which come in order, those of one entry next to each other.
    ///
    /// # Errors
    /// Amounts of two currencies, or too large a sum.
    pub fn of(opening: Money, changes: Vec<Change>) -> Result<Self, MoneyError> {
        let mut balance = opening;
        let mut movements: Vec<Movement> = Vec::new();
        for change in changes {
            balance = balance.plus(change.amount)?;
            match movements.last_mut() {
                Some(last) if last.change.entry == change.entry => {
                    last.change.amount = last.change.amount.plus(change.amount)?;
                    last.balance = balance;
                }
                Some(_) | None => movements.push(Movement { change, balance }),
            }
        }
        movements.retain(|movement| !movement.change.amount.is_zero());
        Ok(Self {
            opening,
            movements,
            closing: balance,
        })
    }
}

#[cfg(test)]
mod tests;
