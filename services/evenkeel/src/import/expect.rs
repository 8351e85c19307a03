//! What a person read in the former system, to be compared with what the files say.

use super::files::Kind;
use anyhow::{Context as _, Result, bail};
use money::{Currency, Money};
use proto::billing::v1::{ExpectedTotals, ImportFile};
use std::str::FromStr;

/// A file's rows and their sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Which file.
    pub kind: Kind,
    /// How many rows.
    pub row_count: i32,
    /// A decimal; none for people.
    pub sum: Option<String>,
}

impl FromStr for Expected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, says) = text
            .split_once('=')
            .ok_or("must be FILE=ROWS or FILE=ROWS:SUM")?;
        let kind = Kind::named(name.strip_suffix(".csv").unwrap_or(name));
        let kind = kind.ok_or_else(|| format!("there is no file {name}; {}", Kind::listed()))?;
        let (rows, sum) = match says.split_once(':') {
            Some((rows, sum)) => (rows, Some(sum.trim().to_owned())),
            None => (says, None),
        };
        let row_count = rows.trim().parse::<i32>();
        match row_count {
            Ok(row_count) if row_count >= 0 => Ok(Self {
                kind,
                row_count,
                sum,
            }),
            Ok(_) | Err(_) => Err(format!("{rows} is no number of rows")),
        }
    }
}

/// As the contract wants them, in the currency of the practice's files.
///
/// # Errors
/// A file that is named twice, or a sum that is no amount.
pub fn in_currency(expected: &[Expected], files: &[ImportFile]) -> Result<Vec<ExpectedTotals>> {
    let currency = files.iter().find_map(|file| file.amount.as_ref());
    let currency = currency.map(|amount| amount.currency_code.parse::<Currency>());
    let currency = currency.transpose().context("the practice's currency")?;
    let mut totals: Vec<ExpectedTotals> = Vec::with_capacity(expected.len());
    for one in expected {
        let kind = one.kind.contract();
        if totals.iter().any(|before| before.kind() == kind) {
            bail!("--expect names {} twice", one.kind.name());
        }
        let amount = match (&one.sum, currency) {
            (None, _) => None,
            (Some(sum), Some(currency)) => {
                let sum = Money::parse(sum, currency);
                let sum = sum.with_context(|| format!("--expect {}", one.kind.name()))?;
                Some(proto::money::v1::Money {
                    currency_code: currency.code().to_owned(),
                    minor_units: sum.minor(),
                })
            }
            (Some(_), None) => bail!("--expect {}: its rows have no amounts", one.kind.name()),
        };
        totals.push(ExpectedTotals {
            kind: kind.into(),
            row_count: one.row_count,
            amount,
        });
    }
    Ok(totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_sum_are_read_as_they_are_written_down() {
        let balances = "opening_balances=37:4812.50".parse::<Expected>();
        assert_eq!(
            balances,
            Ok(Expected {
                kind: Kind::OpeningBalances,
                row_count: 37,
                sum: Some("4812.50".to_owned()),
            })
        );
        let clients = "clients.csv=212".parse::<Expected>().expect("rows alone");
        assert_eq!((clients.row_count, clients.sum), (212, None));
        for wrong in ["clients", "clients=many", "clients=-1", "payments=3", ""] {
            assert!(wrong.parse::<Expected>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_is_expected_once() {
        let twice: Vec<Expected> = ["clients=1", "clients=2"]
            .map(|text| text.parse().expect("rows"))
            .into();
        assert!(in_currency(&twice, &[]).is_err());
    }
}
