//! Reads a claim's transactions as charges with what was paid on each. README.md beside the importer says why so.
//!
//! A transaction does not name its charge. In the order of CHARGEID, a claim is one charge after another, each
//! followed by the payments and transfers on it; what follows must agree with its charge in code and time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use money::{Currency, Money};
use uuid::Uuid;

use super::ReadError;
use super::file::{Line, Row};
use super::transaction::{Method, Responsible, Transaction, TransactionKind};

/// The generator rounds each step, so what it says is left may be a cent off.
const ROUNDING_MINOR: i64 = 1;

/// One charge line, with what was paid on it by whom.
#[derive(Debug, Clone)]
pub struct ChargeLine {
    /// The charge, for its code, units, amount and time.
    pub charge: Transaction,
    /// The charge's line in the file.
    pub number: u64,
    /// What insurers paid, in order.
    pub insurers: Vec<InsurerPaid>,
    /// What the patient paid, in order.
    pub patient: Vec<PatientPaid>,
}

/// An insurer's payment on a line.
#[derive(Debug, Clone)]
pub struct InsurerPaid {
    /// The transaction's id.
    pub id: Uuid,
    /// Its line in the file.
    pub number: u64,
    /// True when the primary insurer had passed the rest on to the secondary one.
    pub secondary: bool,
    /// Above 0.
    pub amount: Money,
    /// When it was paid.
    pub time: Timestamp,
}

/// A patient's payment on a line.
#[derive(Debug, Clone)]
pub struct PatientPaid {
    /// The transaction's id.
    pub id: Uuid,
    /// Its line in the file.
    pub number: u64,
    /// Never `Echeck`: those are the insurers'.
    pub method: Method,
    /// Above 0.
    pub amount: Money,
    /// When it was paid.
    pub time: Timestamp,
}

/// A claim's charge lines in order, at least one.
#[derive(Debug, Clone, Default)]
pub struct ClaimCharges {
    /// In the order they were charged.
    pub lines: Vec<ChargeLine>,
}

/// Groups the transactions by claim and charge; adds an error for each that does not fit.
pub fn read(
    transactions: Vec<Line<Transaction>>,
    errors: &mut Vec<ReadError>,
) -> BTreeMap<Uuid, ClaimCharges> {
    let mut by_claim: BTreeMap<Uuid, Vec<Line<Transaction>>> = BTreeMap::new();
    for line in transactions {
        by_claim.entry(line.row.claimid).or_default().push(line);
    }
    let mut charges = BTreeMap::new();
    for (claim, mut lines) in by_claim {
        lines.sort_by_key(|line| line.row.chargeid);
        charges.insert(claim, fold(lines, errors));
    }
    charges
}

fn fold(lines: Vec<Line<Transaction>>, errors: &mut Vec<ReadError>) -> ClaimCharges {
    let mut claim = ClaimCharges::default();
    let mut open: Option<OpenCharge> = None;
    for line in lines {
        let number = line.number;
        let outcome = match line.row.kind {
            TransactionKind::Charge => OpenCharge::of(line).map(|next| {
                claim.lines.extend(open.replace(next).map(|done| done.line));
            }),
            TransactionKind::Payment
            | TransactionKind::TransferOut
            | TransactionKind::TransferIn => open
                .as_mut()
                .map_or(Err("no charge before it".to_owned()), |open| {
                    open.follow(&line)
                }),
        };
        if let Err(reason) = outcome {
            errors.push(ReadError {
                file: Transaction::FILE,
                line: number,
                reason,
            });
        }
    }
    claim.lines.extend(open.map(|done| done.line));
    claim
}

/// A charge while its payments and transfers are read.
struct OpenCharge {
    line: ChargeLine,
    owes: Responsible,
    left_minor: i64,
    /// CHARGEID and amount of a `TRANSFEROUT` whose `TRANSFERIN` must come next.
    out: Option<(u64, Money)>,
}

impl OpenCharge {
    fn of(line: Line<Transaction>) -> Result<Self, String> {
        let row = line.row;
        let (Some(amount), Some(unit_amount)) = (row.amount, row.unitamount) else {
            return Err("a charge needs AMOUNT and UNITAMOUNT".to_owned());
        };
        let owes = row.transfertype.ok_or("a charge needs TRANSFERTYPE")?;
        if row.units == 0 {
            return Err("UNITS: 0".to_owned());
        }
        if unit_amount.minor().checked_mul(i64::from(row.units)) != Some(amount.minor()) {
            return Err(format!(
                "AMOUNT {amount} is not {} × {unit_amount}",
                row.units
            ));
        }
        let charge = ChargeLine {
            charge: row,
            number: line.number,
            insurers: Vec::new(),
            patient: Vec::new(),
        };
        Ok(Self {
            line: charge,
            owes,
            left_minor: amount.minor(),
            out: None,
        })
    }

    fn follow(&mut self, line: &Line<Transaction>) -> Result<(), String> {
        let row = &line.row;
        if row.procedurecode != self.line.charge.procedurecode
            || row.fromdate != self.line.charge.fromdate
        {
            return Err("PROCEDURECODE or FROMDATE differ from its charge".to_owned());
        }
        match row.kind {
            TransactionKind::Payment => self.pay(line),
            TransactionKind::TransferOut => {
                let moved = positive("TRANSFERS", row.transfers)?;
                self.agree("TRANSFERS", moved)?;
                self.out = Some((row.chargeid, moved));
                Ok(())
            }
            TransactionKind::TransferIn => {
                let moved = positive("TRANSFERS", row.transfers)?;
                let (out, out_amount) = self
                    .out
                    .take()
                    .ok_or("a TRANSFERIN without a TRANSFEROUT before it")?;
                if row.transferoutid != Some(out)
                    || moved != out_amount
                    || row.amount != Some(moved)
                {
                    return Err("it is not the other half of the TRANSFEROUT before it".to_owned());
                }
                self.owes = row.transfertype.ok_or("a TRANSFERIN needs TRANSFERTYPE")?;
                Ok(())
            }
            TransactionKind::Charge => Err("a charge does not follow its own charge".to_owned()),
        }
    }

    fn pay(&mut self, line: &Line<Transaction>) -> Result<(), String> {
        let row = &line.row;
        let amount = positive("PAYMENTS", row.payments)?;
        let method = row.method.ok_or("a payment needs METHOD")?;
        let (id, number, time) = (row.id, line.number, row.fromdate);
        match (method, self.owes) {
            (Method::Echeck, Responsible::Primary | Responsible::Secondary) => {
                if amount.minor() > self.left_minor {
                    return Err(format!("an insurer paid {amount}, more than was left"));
                }
                let secondary = self.owes == Responsible::Secondary;
                self.line.insurers.push(InsurerPaid {
                    id,
                    number,
                    secondary,
                    amount,
                    time,
                });
            }
            (Method::Copay, Responsible::Primary)
            | (Method::Cash | Method::Cc | Method::Check, Responsible::Patient) => {
                self.line.patient.push(PatientPaid {
                    id,
                    number,
                    method,
                    amount,
                    time,
                });
            }
            (Method::Echeck | Method::Copay, Responsible::Patient)
            | (
                Method::Cash | Method::Cc | Method::Check,
                Responsible::Primary | Responsible::Secondary,
            )
            | (Method::Copay, Responsible::Secondary) => {
                return Err(format!(
                    "{method:?} paid while the line is owed by {:?}",
                    self.owes
                ));
            }
        }
        self.left_minor = self.left_minor.saturating_sub(amount.minor()).max(0);
        self.agree(
            "OUTSTANDING",
            row.outstanding.ok_or("a payment needs OUTSTANDING")?,
        )
    }

    fn agree(&mut self, column: &str, stated: Money) -> Result<(), String> {
        if (stated.minor() - self.left_minor).abs() > ROUNDING_MINOR {
            let left = Money::from_minor(self.left_minor, Currency::USD);
            return Err(format!("{column} says {stated} where {left} is left"));
        }
        Ok(())
    }
}

fn positive(column: &str, amount: Option<Money>) -> Result<Money, String> {
    amount
        .filter(|amount| amount.minor() > 0)
        .ok_or_else(|| format!("{column} must be above 0"))
}
