//! Reads Synthea's CSV files. A file with a bad row is not taken at all, and every bad row of every file is reported.

mod across;
mod charge;
mod field;
mod file;
mod row;
mod transaction;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use uuid::Uuid;

pub use charge::{ChargeLine, ClaimCharges, InsurerPaid, PatientPaid};
pub use file::Line;
pub use row::{Claim, Coverage, Encounter, EncounterClass, Patient, Payer, Provider};
pub use transaction::{Method, Responsible, Transaction, TransactionKind};

/// One row that cannot be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadError {
    /// The file's name, without its folder.
    pub file: &'static str,
    /// The line the row starts on; the header is line 1. 0 when the file as a whole is meant.
    pub line: u64,
    /// One sentence for the person who has the file open.
    pub reason: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.reason),
            line => write!(f, "{} line {line}: {}", self.file, self.reason),
        }
    }
}

/// Every bad row, in the order of file and line. Nothing was taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} row(s) cannot be read, nothing was taken:\n{}", .0.len(), listed(.0))]
pub struct ReadErrors(pub Vec<ReadError>);

fn listed(errors: &[ReadError]) -> String {
    errors
        .iter()
        .map(|error| format!("  {error}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The files, every row of which is well formed and refers to rows that exist.
#[derive(Debug)]
pub struct Synthea {
    /// patients.csv, in file order, as are all the following.
    pub patients: Vec<Line<Patient>>,
    /// providers.csv.
    pub providers: Vec<Line<Provider>>,
    /// payers.csv, `NO_INSURANCE` included.
    pub payers: Vec<Line<Payer>>,
    /// payer_transitions.csv.
    pub coverages: Vec<Line<Coverage>>,
    /// encounters.csv by id.
    pub encounters: BTreeMap<Uuid, Encounter>,
    /// claims.csv.
    pub claims: Vec<Line<Claim>>,
    /// claims_transactions.csv, read as charges with what was paid on them, by claim id.
    pub charges: BTreeMap<Uuid, ClaimCharges>,
}

impl Synthea {
    /// Reads the folder's seven files.
    ///
    /// # Errors
    /// All rows that are malformed; when none is, all rows that contradict another row.
    pub fn read(folder: &Path) -> Result<Self, ReadErrors> {
        let mut errors = Vec::new();
        let patients = file::read::<Patient>(folder, &mut errors);
        let providers = file::read::<Provider>(folder, &mut errors);
        let payers = file::read::<Payer>(folder, &mut errors);
        let coverages = file::read::<Coverage>(folder, &mut errors);
        let encounters = file::read::<Encounter>(folder, &mut errors);
        let claims = file::read::<Claim>(folder, &mut errors);
        let transactions = file::read::<Transaction>(folder, &mut errors);
        refuse(&mut errors)?;

        let files = across::Files {
            patients: &patients,
            providers: &providers,
            payers: &payers,
            coverages: &coverages,
            encounters: &encounters,
            claims: &claims,
            transactions: &transactions,
        };
        across::check(&files, &mut errors);
        refuse(&mut errors)?;

        let charges = charge::read(transactions, &mut errors);
        refuse(&mut errors)?;
        let encounters = encounters
            .into_iter()
            .map(|line| (line.row.id, line.row))
            .collect();
        Ok(Self {
            patients,
            providers,
            payers,
            coverages,
            encounters,
            claims,
            charges,
        })
    }
}

fn refuse(errors: &mut Vec<ReadError>) -> Result<(), ReadErrors> {
    if errors.is_empty() {
        return Ok(());
    }
    errors.sort();
    Err(ReadErrors(std::mem::take(errors)))
}
