use crate::domain::import::{Difference, FILE_BYTES_MAX, OPEN_MAX};
use ::rpc::{Details, Fault};
use ids::{BillId, ImportId};
use tonic::Code;

/// Why an import does not do what is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportRefusal {
    /// Others wait to be taken or dropped.
    #[error("{OPEN_MAX} imports are open; commit or undo one of them first")]
    TooManyOpen,
    /// It was taken, taken back, or dropped.
    #[error("import {0} is closed")]
    Closed(ImportId),
    /// A file that would be too large.
    #[error("a file may have at most {FILE_BYTES_MAX} bytes")]
    FileTooLarge,
    /// There is nothing to read.
    #[error("import {0} has no files")]
    NoFiles(ImportId),
    /// Nobody has seen what it would bring.
    #[error("import {0} is not prepared")]
    NotPrepared(ImportId),
    /// Its files have so many mistakes.
    #[error("import {0} has {1} errors; prepare it to see them")]
    HasErrors(ImportId, usize),
    /// Its files have something else than what was expected.
    #[error("the totals do not reconcile: {}", listed(.0))]
    Totals(Vec<Difference>),
    /// Its lines are what the former system said.
    #[error("bill {0} came from a former system; its lines stay")]
    BroughtBill(BillId),
    /// What was built on it.
    #[error("the import is in use: {}", listed(.0))]
    InUse(Vec<Use>),
}

/// Something that was built on an import.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject} {what}")]
pub struct Use {
    /// On what: an id.
    pub subject: String,
    /// What was built on it.
    pub what: String,
}

/// The first few in words; the details have more.
fn listed<T: ToString>(items: &[T]) -> String {
    const SHOWN: usize = 5;
    let first: Vec<String> = items.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if items.len() > SHOWN { "; …" } else { "" };
    format!("{}{more}", first.join("; "))
}

impl Fault for ImportRefusal {
    fn code(&self) -> Code {
        match self {
            Self::TooManyOpen | Self::FileTooLarge => Code::ResourceExhausted,
            Self::Closed(_)
            | Self::NoFiles(_)
            | Self::NotPrepared(_)
            | Self::HasErrors(..)
            | Self::Totals(_)
            | Self::BroughtBill(_)
            | Self::InUse(_) => Code::FailedPrecondition,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::TooManyOpen => "TOO_MANY_OPEN_IMPORTS",
            Self::Closed(_) => "IMPORT_CLOSED",
            Self::FileTooLarge => "IMPORT_FILE_TOO_LARGE",
            Self::NoFiles(_) => "IMPORT_HAS_NO_FILES",
            Self::NotPrepared(_) => "IMPORT_NOT_PREPARED",
            Self::HasErrors(..) => "IMPORT_HAS_ERRORS",
            Self::Totals(_) => "TOTALS_DO_NOT_RECONCILE",
            Self::BroughtBill(_) => "BILL_WAS_BROUGHT",
            Self::InUse(_) => "IMPORT_IN_USE",
        }
    }

    fn details(&self) -> Details {
        let details = Details::default();
        let state = |import: &ImportId| {
            Details::default().precondition("IMPORT_STATE", import.to_string(), self.to_string())
        };
        match self {
            Self::TooManyOpen | Self::FileTooLarge => details,
            Self::Closed(import)
            | Self::NoFiles(import)
            | Self::NotPrepared(import)
            | Self::HasErrors(import, _) => state(import),
            Self::BroughtBill(bill) => {
                details.precondition("BILL_STATE", bill.to_string(), self.to_string())
            }
            Self::Totals(differences) => differences.iter().fold(details, |details, difference| {
                details.precondition("TOTALS", difference.file.name(), difference.to_string())
            }),
            Self::InUse(uses) => uses.iter().fold(details, |details, used| {
                details.precondition("IN_USE", used.subject.clone(), used.what.clone())
            }),
        }
    }
}
