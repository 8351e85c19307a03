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
    /// Credit was used for a bill.
    CreditApplied {
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
}

impl Occasion {
    /// What happened, in a few words: the first line in a statement.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::BillIssued { number, .. } => format!("Bill {number}"),
            Self::BillCancelled { number } => format!("Bill {number} cancelled"),
            Self::Payment { .. } => "Payment, thank you".to_owned(),
            Self::InsurerPayment { number, .. } => format!("Insurance decision on bill {number}"),
            Self::Refund { .. } => "Refund".to_owned(),
            Self::CreditApplied { number } => format!("Credit applied to bill {number}"),
            Self::BillEdited { number } => format!("Bill {number} corrected"),
            Self::Adjusted { text, .. } => text.clone(),
            Self::AdjustmentReversed { .. } => "Adjustment taken back".to_owned(),
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
            Self::Refund { method } if !method.is_empty() => Some(format!("of {method}")),
            Self::Adjusted { number, .. } => Some(format!("on bill {number}")),
            Self::AdjustmentReversed { number, text } => Some(format!("{text}, on bill {number}")),
            Self::Refund { .. }
            | Self::BillCancelled { .. }
            | Self::BillEdited { .. }
            | Self::CreditApplied { .. } => None,
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

/// What one transfer of an entry changes for the client.
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
mod tests {
    use super::*;
    use money::Currency;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    fn change(entry: u128, minor: i64) -> Change {
        Change {
            entry: Uuid::from_u128(entry).into(),
            date: jiff::civil::date(2026, 3, 2),
            occasion: Occasion::CreditApplied { number: 1 },
            amount: usd(minor),
        }
    }

    fn amounts(statement: &Statement) -> Vec<(i64, i64)> {
        let shown =
            |movement: &Movement| (movement.change.amount.minor(), movement.balance.minor());
        statement.movements.iter().map(shown).collect()
    }

    #[test]
    fn a_payment_for_two_bills_is_one_movement() {
        let changes = vec![
            change(1, 4_000),
            change(2, 6_000),
            change(3, -4_000),
            change(3, -6_000),
        ];
        let statement = Statement::of(usd(500), changes).expect("a statement");
        assert_eq!(
            amounts(&statement),
            [(4_000, 4_500), (6_000, 10_500), (-10_000, 500)]
        );
        assert_eq!(statement.closing, usd(500));
    }

    #[test]
    fn credit_used_for_a_bill_changes_nothing_and_does_not_show() {
        let changes = vec![change(1, 4_000), change(2, 1_500), change(2, -1_500)];
        let statement = Statement::of(usd(0), changes).expect("a statement");
        assert_eq!(amounts(&statement), [(4_000, 4_000)]);
        assert_eq!(statement.closing, usd(4_000));
    }

    #[test]
    fn a_client_reads_what_happened() {
        let reference = "K7M2-9QXD".parse().expect("a reference");
        let payment = |method: &str, bills: &[i64]| Occasion::Payment {
            method: method.to_owned(),
            bills: bills.to_vec(),
        };
        for (occasion, text) in [
            (
                Occasion::BillIssued {
                    number: 7,
                    reference,
                },
                "Bill 7 · Invoice # K7M2-9QXD",
            ),
            (Occasion::BillCancelled { number: 7 }, "Bill 7 cancelled"),
            (
                payment("Visa ending in 4242", &[7]),
                "Payment, thank you · Visa ending in 4242 for bill 7",
            ),
            (
                payment("Cash", &[7, 8]),
                "Payment, thank you · Cash for bills 7, 8",
            ),
            (payment("", &[]), "Payment, thank you"),
            (
                Occasion::InsurerPayment {
                    payer: "Aetna".to_owned(),
                    number: 7,
                },
                "Insurance decision on bill 7 · Aetna",
            ),
            (
                Occasion::Refund {
                    method: "Cash".to_owned(),
                },
                "Refund · of Cash",
            ),
            (
                Occasion::Adjusted {
                    number: 7,
                    text: "Today's session is free".to_owned(),
                },
                "Today's session is free · on bill 7",
            ),
        ] {
            assert_eq!(occasion.to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn opening_and_movements_lead_to_closing(
            opening in -1_000_000..1_000_000_i64,
            entries in prop::collection::vec(prop::collection::vec(-100_000..100_000_i64, 1..4), 0..40),
        ) {
            let changes: Vec<_> = (1..)
                .zip(&entries)
                .flat_map(|(entry, amounts)| amounts.iter().map(move |minor| change(entry, *minor)))
                .collect();
            let sum: i64 = changes.iter().map(|change| change.amount.minor()).sum();
            let statement = Statement::of(usd(opening), changes).expect("a statement");
            prop_assert_eq!(statement.closing, usd(opening + sum));
            let mut balance = opening;
            for (amount, after) in amounts(&statement) {
                prop_assert_ne!(amount, 0);
                balance += amount;
                prop_assert_eq!(after, balance);
            }
            prop_assert_eq!(usd(balance), statement.closing);
            let shown = entries.iter().filter(|amounts| amounts.iter().sum::<i64>() != 0).count();
            prop_assert_eq!(statement.movements.len(), shown);
        }
    }
}
