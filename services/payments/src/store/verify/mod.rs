//! The invariants of payments, each query naming the rows that break one. They read one snapshot: `pg::verify::begin`
//! comes first. At most `LIMIT` rows of each.

mod acknowledged;
mod announced;
mod nights;
mod payments;
mod payouts;
mod refunds;
mod totals;

pub use acknowledged::acknowledged;
pub use announced::{ends_of_payments, ends_of_refunds, outcomes};
pub use nights::nights;
pub use payments::{given_and_called, payments, payments_under_way};
pub use payouts::payouts;
pub use refunds::{discrepancies, refunds, refunds_under_way};
pub use totals::{Totals, totals};

use crate::domain::invariant;
use crate::{Error, Result};
use ids::{BillId, DiscrepancyId, PaymentId, PayoutId, PayoutItemId, PracticeId, RefundId};
use jiff::Timestamp;
use pg::verify::Finding;
use uuid::Uuid;

/// How many rows are named of each query.
const LIMIT: i64 = 100;

/// Since when something may be on its way at the longest, and may have waited for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oldest {
    /// Whose outcome nobody knows, or that the payer has to confirm.
    pub unknown: Timestamp,
    /// A bank debit, or a refund that the payer's bank takes its time for.
    pub processing: Timestamp,
    /// Due and not looked after.
    pub due: Timestamp,
    /// A night of AutoPay that has not ended.
    pub night: Timestamp,
    /// Paid out and not known.
    pub unmatched: Timestamp,
}

/// A row that breaks an invariant, as the queries name it.
struct Found {
    invariant: String,
    /// What `id` is of: payment, refund, bill, …
    kind: String,
    id: Uuid,
    explanation: String,
}

/// Errors: `Stored`, when a query says what is not known here.
fn findings(found: Vec<Found>) -> Result<Vec<Finding>> {
    found
        .into_iter()
        .map(|row| {
            let invariant = invariant::of(&row.invariant).ok_or(Error::Stored("an invariant"))?;
            let id = match row.kind.as_str() {
                "payment" => PaymentId::from(row.id).to_string(),
                "refund" => RefundId::from(row.id).to_string(),
                "bill" => BillId::from(row.id).to_string(),
                "discrepancy" => DiscrepancyId::from(row.id).to_string(),
                "payout" => PayoutId::from(row.id).to_string(),
                "payout item" => PayoutItemId::from(row.id).to_string(),
                "practice" => PracticeId::from(row.id).to_string(),
                // Requests and what has no name outside.
                _unnamed => row.id.to_string(),
            };
            let subject = format!("{} {id}", row.kind);
            Ok(Finding::new(invariant, subject, row.explanation))
        })
        .collect()
}
