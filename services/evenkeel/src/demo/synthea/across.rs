//! What must hold between the files: every id that is named exists, once, and both sides agree.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::ReadError;
use super::file::{Line, Row};
use super::row::{Claim, Coverage, Encounter, Patient, Payer, Provider};
use super::transaction::Transaction;

/// The files side by side.
pub struct Files<'a> {
    pub patients: &'a [Line<Patient>],
    pub providers: &'a [Line<Provider>],
    pub payers: &'a [Line<Payer>],
    pub coverages: &'a [Line<Coverage>],
    pub encounters: &'a [Line<Encounter>],
    pub claims: &'a [Line<Claim>],
    pub transactions: &'a [Line<Transaction>],
}

/// Adds an error for every row that names what is not there or contradicts what is.
pub fn check(files: &Files<'_>, errors: &mut Vec<ReadError>) {
    let patients = unique(files.patients, |row| row.id, errors);
    let providers = unique(files.providers, |row| row.id, errors);
    let payers = unique(files.payers, |row| row.id, errors);
    unique(files.encounters, |row| row.id, errors);
    unique(files.claims, |row| row.id, errors);
    unique(files.transactions, |row| row.id, errors);
    unique(files.transactions, |row| row.chargeid, errors);

    let mut report = Report { errors };
    for line in files.coverages {
        let row = &line.row;
        report.unless::<Coverage>(line.number, patients.contains(&row.patient), || {
            unknown("PATIENT", row.patient)
        });
        report.unless::<Coverage>(line.number, payers.contains(&row.payer), || {
            unknown("PAYER", row.payer)
        });
        report.unless::<Coverage>(line.number, row.start_year <= row.end_year, || {
            "the term ends before it starts".to_owned()
        });
    }
    for line in files.encounters {
        let row = &line.row;
        report.unless::<Encounter>(line.number, patients.contains(&row.patient), || {
            unknown("PATIENT", row.patient)
        });
        report.unless::<Encounter>(line.number, row.start <= row.stop, || {
            "it stops before it starts".to_owned()
        });
    }
    check_claims(
        files,
        &Known {
            patients,
            providers,
            payers,
        },
        &mut report,
    );
    check_transactions(files, &mut report);
}

struct Known {
    patients: BTreeSet<Uuid>,
    providers: BTreeSet<Uuid>,
    payers: BTreeSet<Uuid>,
}

fn check_claims(files: &Files<'_>, known: &Known, report: &mut Report<'_>) {
    let encounters: BTreeMap<Uuid, &Encounter> = files
        .encounters
        .iter()
        .map(|line| (line.row.id, &line.row))
        .collect();
    let mut terms: BTreeMap<Uuid, Vec<&Coverage>> = BTreeMap::new();
    for line in files.coverages {
        terms.entry(line.row.patient).or_default().push(&line.row);
    }
    for line in files.claims {
        let (number, row) = (line.number, &line.row);
        report.unless::<Claim>(number, known.patients.contains(&row.patientid), || {
            unknown("PATIENTID", row.patientid)
        });
        report.unless::<Claim>(number, known.providers.contains(&row.providerid), || {
            unknown("PROVIDERID", row.providerid)
        });
        match encounters.get(&row.appointmentid) {
            None => report.add::<Claim>(number, unknown("APPOINTMENTID", row.appointmentid)),
            Some(encounter) => {
                report.unless::<Claim>(number, encounter.patient == row.patientid, || {
                    "PATIENTID is not the patient of its encounter".to_owned()
                })
            }
        }
        let (Some(primary), secondary) = (
            row.primarypatientinsuranceid,
            row.secondarypatientinsuranceid,
        ) else {
            report.unless::<Claim>(number, row.secondarypatientinsuranceid.is_none(), || {
                "a secondary insurer without a primary one".to_owned()
            });
            continue;
        };
        for payer in [Some(primary), secondary].into_iter().flatten() {
            report.unless::<Claim>(number, known.payers.contains(&payer), || {
                unknown("insurer", payer)
            });
        }
        let covered = terms.get(&row.patientid).is_some_and(|terms| {
            terms.iter().any(|term| {
                term.payer == primary
                    && term.covers(row.servicedate)
                    && secondary.is_none_or(|secondary| term.secondary_payer == Some(secondary))
            })
        });
        report.unless::<Claim>(number, covered, || {
            "no payer_transitions row covers its insurer then".to_owned()
        });
    }
}

fn check_transactions(files: &Files<'_>, report: &mut Report<'_>) {
    let claims: BTreeMap<Uuid, &Claim> = files
        .claims
        .iter()
        .map(|line| (line.row.id, &line.row))
        .collect();
    for line in files.transactions {
        let (number, row) = (line.number, &line.row);
        let Some(claim) = claims.get(&row.claimid) else {
            report.add::<Transaction>(number, unknown("CLAIMID", row.claimid));
            continue;
        };
        let same = [
            ("PATIENTID", row.patientid == claim.patientid),
            ("PROVIDERID", row.providerid == claim.providerid),
            ("APPOINTMENTID", row.appointmentid == claim.appointmentid),
        ];
        for (column, holds) in same {
            report.unless::<Transaction>(number, holds, || {
                format!("{column} is not the one of its claim")
            });
        }
    }
    let charged: BTreeSet<Uuid> = files
        .transactions
        .iter()
        .map(|line| line.row.claimid)
        .collect();
    for line in files.claims {
        report.unless::<Claim>(line.number, charged.contains(&line.row.id), || {
            "no transactions".to_owned()
        });
    }
}

struct Report<'a> {
    errors: &'a mut Vec<ReadError>,
}

impl Report<'_> {
    fn add<T: Row>(&mut self, line: u64, reason: String) {
        self.errors.push(ReadError {
            file: T::FILE,
            line,
            reason,
        });
    }

    fn unless<T: Row>(&mut self, line: u64, holds: bool, reason: impl FnOnce() -> String) {
        if !holds {
            self.add::<T>(line, reason());
        }
    }
}

fn unknown(column: &str, id: Uuid) -> String {
    format!("{column}: {id} is unknown")
}

fn unique<T: Row, K: Ord + std::fmt::Display>(
    lines: &[Line<T>],
    key: impl Fn(&T) -> K,
    errors: &mut Vec<ReadError>,
) -> BTreeSet<K> {
    let mut seen = BTreeSet::new();
    for line in lines {
        let key = key(&line.row);
        if seen.contains(&key) {
            errors.push(ReadError {
                file: T::FILE,
                line: line.number,
                reason: format!("{key} is there twice"),
            });
        } else {
            seen.insert(key);
        }
    }
    seen
}
