//! SQL as free functions, one file per aggregate. Times come in as parameters.
//!
//! Locks are taken in this order, everywhere: import → practice row (to take a bill number, to set terms, and by imports)
//! → clients by id → sessions by id → bills by id → their share schedules → booked payments by id → disputes → the client's
//! credit → accounts in the order of `AccountKind` → the feed's counter. A transaction that needs fewer kinds skips them
//! and keeps the order. Rows that it inserts are no locks: nobody else sees them yet.

pub mod accounts;
pub mod adjustments;
pub mod automation_queue;
pub mod automation_runs;
pub mod automation_sessions;
pub mod automation_skips;
pub mod bill_changes;
pub mod bill_lists;
pub mod bills;
pub mod client_documents;
pub mod client_rates;
pub mod clients;
pub mod clinicians;
pub mod contacts;
pub mod credit_reversals;
pub mod disputes;
pub mod document_bytes;
pub mod document_payments;
pub mod entries;
mod entry_columns;
pub mod fees;
pub mod hand_runs;
pub mod holds;
pub mod import_findings;
pub mod import_items;
pub mod import_lookups;
pub mod import_parts;
pub mod import_removal;
pub mod import_totals;
pub mod import_uses;
pub mod imports;
pub mod insurer_payments;
pub mod letterheads;
pub mod mailed_receipts;
pub mod missed_sessions;
pub mod monthly_superbills;
pub mod new_bills;
pub mod new_payments;
pub mod new_people;
pub mod new_sessions;
pub mod payers;
pub mod payment_corrections;
pub mod payments;
pub mod payout_lines;
pub mod payouts;
pub mod people;
pub mod policies;
pub mod practices;
pub mod recorded_sessions;
pub mod refunds;
pub mod services;
pub mod session_changes;
pub mod session_lists;
pub mod sessions;
pub mod share_policies;
pub mod share_queue;
pub mod share_schedules;
pub mod shared_documents;
pub mod shares;
pub mod sliding_scales;
pub mod statements;
pub mod superbills;
pub mod terms;
pub mod verify;
pub mod verify_corrections;
pub mod verify_payouts;
pub mod verify_processor;
/// What was booked, for whoever compares.
pub mod verify_totals;

use crate::{Error, Result};
use money::{Currency, Money};

/// The currency a row is in.
pub(crate) fn currency(code: &str) -> Result<Currency> {
    code.parse().map_err(|_| Error::Stored("a currency code"))
}

/// Minor units of many amounts, for `unnest`.
pub(crate) fn minors<T>(rows: &[T], amount: impl Fn(&T) -> Money) -> Vec<i64> {
    rows.iter().map(|row| amount(row).minor()).collect()
}
