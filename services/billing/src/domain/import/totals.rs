//! What has to reconcile: how many rows a file has, and what they sum up to.

use super::{FileKind, Files};
use money::{Currency, Money, MoneyError};
use std::fmt;

/// The sums of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileTotals {
    /// The file.
    pub file: FileKind,
    /// Its rows below the header.
    pub rows: i32,
    /// What clients owe, what is held for them, or what sessions cost, as the file has it; 0 for people.
    pub amount: Money,
}

impl Files {
    /// Of each file that is there, in their order. Rows that could not be read are counted and have no amount.
    ///
    /// # Errors
    /// Too large a sum.
    pub fn totals(&self, currency: Currency) -> Result<Vec<FileTotals>, MoneyError> {
        let mut totals = Vec::new();
        let mut add = |file, rows, amounts: Vec<Money>| -> Result<(), MoneyError> {
            totals.push(FileTotals {
                file,
                rows,
                amount: Money::sum(currency, amounts)?,
            });
            Ok(())
        };
        if let Some(sheet) = &self.clients {
            add(FileKind::Clients, sheet.count, Vec::new())?;
        }
        if let Some(sheet) = &self.contacts {
            add(FileKind::Contacts, sheet.count, Vec::new())?;
        }
        if let Some(sheet) = &self.opening_balances {
            let amounts = sheet.rows.iter().map(|row| row.says.amount).collect();
            add(FileKind::OpeningBalances, sheet.count, amounts)?;
        }
        if let Some(sheet) = &self.credits {
            let amounts = sheet.rows.iter().map(|row| row.says.amount).collect();
            add(FileKind::Credits, sheet.count, amounts)?;
        }
        if let Some(sheet) = &self.open_bills {
            let amounts = sheet.rows.iter().map(|row| row.says.owes).collect();
            add(FileKind::OpenBills, sheet.count, amounts)?;
        }
        if let Some(sheet) = &self.sessions {
            let amounts = sheet.rows.iter().map(|row| row.says.amount).collect();
            add(FileKind::Sessions, sheet.count, amounts)?;
        }
        Ok(totals)
    }
}

/// Where what was said of a file is not what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The file.
    pub file: FileKind,
    /// What was said; none is nothing.
    pub said: Option<(i32, Money)>,
    /// What was found; none is no such file.
    pub found: Option<(i32, Money)>,
}

/// `open_bills: 3 rows with $120.00 were said, 3 rows with $102.00 are there`.
impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |side: Option<(i32, Money)>| match side {
            Some((rows, amount)) => format!("{rows} rows with {amount}"),
            None => "nothing".to_owned(),
        };
        let (said, found) = (words(self.said), words(self.found));
        write!(out, "{}: {said} said, {found} found", self.file.name())
    }
}

/// Every file for which somebody said something else than what was found; none when all agree.
#[must_use]
pub fn reconcile(said: &[FileTotals], found: &[FileTotals]) -> Vec<Difference> {
    let of = |totals: &[FileTotals], file: FileKind| {
        let of_file = totals.iter().find(|totals| totals.file == file);
        of_file.map(|totals| (totals.rows, totals.amount))
    };
    FileKind::ALL
        .iter()
        .map(|file| Difference {
            file: *file,
            said: of(said, *file),
            found: of(found, *file),
        })
        .filter(|difference| difference.said != difference.found)
        .collect()
}
