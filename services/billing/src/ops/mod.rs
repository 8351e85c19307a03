//! What billing does, one verb a file. Each op keeps one order: may they → now → begin → replayed? → lock → rule →
//! write → announce → commit.

pub mod add_client;
pub mod add_clinician;
pub mod add_contact;
pub mod add_payer;
pub mod add_policy;
pub mod add_service;
pub mod adjust_bill;
pub mod apply_credit;
pub mod assign_sliding_scale;
pub mod batch_get_clients;
mod bill_days;
pub mod bill_document;
pub mod bill_lines;
mod bill_pending;
pub mod bill_pending_sessions;
pub mod book_bills;
pub mod book_dispute;
mod book_payments;
pub mod book_payout;
mod bring;
pub mod cancel_bill;
pub mod commit_import;
pub mod correct_session;
pub mod download_bill;
pub mod download_monthly_superbill;
pub mod download_receipt;
pub mod download_shared_document;
pub mod download_statement;
pub mod download_superbill;
pub mod edit_bill;
pub mod end_client_rate;
pub mod extend_hold;
pub mod get_automation_run;
pub mod get_bill;
pub mod get_bill_document;
pub mod get_client;
pub mod get_client_balance;
pub mod get_client_terms;
pub mod get_import;
pub mod get_letterhead;
pub mod get_missed_session_policy;
pub mod get_pay_page;
pub mod get_practice_terms;
pub mod get_receipt;
pub mod get_session;
pub mod get_share_policy;
pub mod get_sliding_scale;
pub mod get_statement;
pub mod get_superbill;
mod import_content;
pub mod issue_bill;
pub mod letter;
pub mod list_automation_runs;
pub mod list_automation_skips;
pub mod list_bill_changes;
pub mod list_bills;
pub mod list_client_documents;
pub mod list_client_rates;
pub mod list_clients;
pub mod list_import_errors;
pub mod list_imports;
pub mod list_monthly_superbills;
pub mod list_payout_lines;
pub mod list_services;
pub mod list_session_changes;
pub mod list_sessions;
pub mod list_shared_documents;
pub mod list_shares;
pub mod make_superbills;
pub mod match_payout;
pub mod place_hold;
pub mod post_payment;
pub mod post_refund;
pub mod prepare_import;
pub mod preview_automation;
pub mod rebook_payment;
pub mod receipt_document;
pub mod record_insurer_payment;
pub mod record_session;
pub mod record_sessions;
pub mod register_practice;
pub mod release_hold;
pub mod retire_service;
pub mod return_refund;
pub mod reverse_adjustment;
pub mod reverse_credit;
pub mod run_automation;
pub mod run_by_hand;
pub mod schedule_share;
mod schedule_shares;
pub mod session_content;
pub mod set_client_rate;
pub mod set_client_share_policy;
pub mod set_client_terms;
pub mod set_letterhead;
pub mod set_missed_session_policy;
pub mod set_practice_terms;
pub mod set_service_price;
pub mod set_share_policy;
pub mod set_sliding_scale;
mod share;
pub mod share_bill;
pub mod share_due_bills;
pub mod start_import;
pub mod stop_share;
pub mod undo_import;
pub mod unwaive_session;
pub mod upload_import_file;
pub mod verify_books;
pub mod waive_session;

use crate::domain::entry::{Act, Entry, Transfers};
use crate::{Result, store};
use clock::Clock;
use ids::{ClientId, EntryId, PracticeId, TransferId};
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::PgConnection;

/// An entry with fresh ids.
fn entry(
    clock: &Clock,
    (act, client): (Act, impl Into<Option<ClientId>>),
    date: Date,
    transfers: &Transfers,
) -> Result<Entry> {
    let ids = (EntryId::new(clock), || TransferId::new(clock));
    Ok(Entry::new(ids, (act, client.into()), date, transfers)?)
}

/// Writes an entry and the balances it moves.
async fn post(
    conn: &mut PgConnection,
    practice: PracticeId,
    now: Timestamp,
    entry: &Entry,
) -> Result<()> {
    post_all(conn, practice, now, std::slice::from_ref(entry)).await
}

/// Writes entries and the balances they move.
async fn post_all(
    conn: &mut PgConnection,
    practice: PracticeId,
    now: Timestamp,
    entries: &[Entry],
) -> Result<()> {
    store::entries::insert(conn, practice, now, entries).await?;
    store::accounts::move_balances(conn, practice, entries).await
}
