//! What `demo-check/expected.py` prints.

use std::collections::BTreeMap;
use std::fmt;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use uuid::Uuid;

use crate::demo::practice;
use crate::demo::run::Run;

/// Where time zones are on the systems we know; the bundled ones come last.
const TIME_ZONES: [&str; 3] = [
    "/usr/share/zoneinfo",
    "/usr/lib/zoneinfo",
    "/usr/share/lib/zoneinfo",
];

/// An id of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Key(pub Uuid);

impl TryFrom<String> for Key {
    type Error = uuid::Error;

    fn try_from(text: String) -> Result<Self, uuid::Error> {
        Uuid::try_parse(&text).map(Self)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// Figures straight from the files. Amounts are cents.
#[derive(Debug, Deserialize)]
pub struct Expected {
    pub clients_count: usize,
    pub clinicians_count: usize,
    pub payers_count: usize,
    pub sessions_count: i64,
    pub unbillable_sessions_count: i64,
    pub bills_count: usize,
    pub charge_lines_count: usize,
    pub billed_minor: i64,
    pub client_credit_minor: i64,
    pub insurer_payments: Total,
    /// By the files' method.
    pub client_payments: BTreeMap<String, Total>,
    /// By payer, the primary insurer of the claim.
    pub payers: BTreeMap<Key, ExpectedPayer>,
    /// By `2023-07`, without what is paid online.
    pub months: BTreeMap<String, Month>,
    /// By transaction.
    pub payments: BTreeMap<Key, ExpectedPayment>,
    /// By patient.
    pub clients: BTreeMap<Key, ExpectedClient>,
    /// By claim.
    pub bills: BTreeMap<Key, ExpectedBill>,
}

/// How many and how much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Total {
    pub count: i64,
    pub minor: i64,
}

impl Total {
    /// One more.
    pub fn add(&mut self, minor: i64) {
        self.count += 1;
        self.minor += minor;
    }
}

impl fmt::Display for Total {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} of {} cents", self.count, self.minor)
    }
}

#[derive(Debug, Deserialize)]
pub struct ExpectedPayer {
    pub name: String,
    count: i64,
    minor: i64,
}

impl ExpectedPayer {
    /// What it paid.
    pub fn total(&self) -> Total {
        Total {
            count: self.count,
            minor: self.minor,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Month {
    pub client: Total,
    pub insurer: Total,
}

#[derive(Debug, Deserialize)]
pub struct ExpectedPayment {
    pub row: u64,
    pub claim: Key,
    /// The files' method, or ONLINE.
    pub method: String,
    pub minor: i64,
    /// Local day, `2023-07-04`.
    pub date: String,
}

#[derive(Debug, Deserialize)]
pub struct ExpectedClient {
    pub credit_minor: i64,
    pub balance_minor: i64,
}

#[derive(Debug, Deserialize)]
pub struct ExpectedBill {
    pub client: Key,
    pub total_minor: i64,
    pub client_owes_minor: i64,
    pub insurance_owes_minor: i64,
    pub client_balance_minor: i64,
    /// Its lines in claims_transactions.csv.
    pub rows: Vec<u64>,
}

/// Runs the checker.
///
/// # Errors
/// Python is missing, or the checker's own words.
pub fn compute(run: &Run) -> Result<Expected> {
    let mut zones: Vec<_> = TIME_ZONES.iter().map(std::path::PathBuf::from).collect();
    zones.extend(run.options.time_zones.clone());
    let output = Command::new("python3")
        .arg(&run.options.checker)
        .arg(&run.options.files)
        .args(["--time-zone", practice::TIME_ZONE, "--online"])
        .args(
            run.plan
                .card_bills
                .iter()
                .map(|card| card.payment.to_string()),
        )
        .env("PYTHONTZPATH", std::env::join_paths(zones)?)
        .output()
        .context("run python3, which the self-check needs")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("read what demo-check/expected.py printed")
}
