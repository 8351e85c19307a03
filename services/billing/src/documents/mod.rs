//! Bills, receipts, statements and superbills as they are printed.
//!
//! Each document has facts (money as [`money::Money`], dates as dates), which its
//! `new` checks and turns into a plain struct of finished texts, and a `render` that
//! has it typeset. A document whose figures do not add up to the cent is refused: it
//! is never printed.

mod bill;
mod error;
mod letterhead;
mod payment;
mod pdf;
mod proof;
mod receipt;
mod refusal;
mod statement;
mod stationery;
mod superbill;
mod totals;
mod wording;

pub use bill::{
    AdjustmentFacts, BillDocument, BillFacts, BillFigures, DocumentLine, LineFacts, Share,
    render_bill,
};
pub use error::DocumentError;
pub use letterhead::{Address, Letterhead, Paper, Party};
pub use payment::{DocumentPayment, PaidBy, PaymentFacts};
pub use pdf::Pdf;
pub use proof::{Proof, render_proof};
pub use receipt::{AppliedBill, AppliedFacts, ReceiptDocument, ReceiptFacts, render_receipt};
pub use refusal::Refusal;
pub use statement::{
    MovementFacts, StatementDocument, StatementFacts, StatementMovement, render_statement,
};
pub use stationery::{Logo, Stationery};
pub use superbill::{
    ClinicianFacts, PolicyFacts, SuperbillDocument, SuperbillFacts, SuperbillLineFacts,
    render_superbill,
};
pub use totals::TotalRow;
pub use wording::Standing;

use typeset::{TypesetError, Typesetter};

const TEMPLATES: [(&str, &str); 6] = [
    ("practice.typ", include_str!("../../templates/practice.typ")),
    (
        "letterhead.typ",
        include_str!("../../templates/letterhead.typ"),
    ),
    ("bill.typ", include_str!("../../templates/bill.typ")),
    ("receipt.typ", include_str!("../../templates/receipt.typ")),
    (
        "statement.typ",
        include_str!("../../templates/statement.typ"),
    ),
    (
        "superbill.typ",
        include_str!("../../templates/superbill.typ"),
    ),
];

/// A typesetter that knows these documents; one per process.
///
/// # Errors
/// None while the templates stand under different names, which a test keeps.
pub fn typesetter() -> Result<Typesetter, TypesetError> {
    Typesetter::new(&TEMPLATES)
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
