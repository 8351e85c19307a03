//! SQL as free functions, one file per aggregate. Times come in as parameters.
//!
//! Locks are taken in this order, everywhere: payment → its refunds and disputes → its row in the queue of the unsettled
//! → the feed's counter. A charge locks one payment; nothing locks two. Methods are locked by their payer's customer, which
//! comes before all of these; so do a night of AutoPay in its queue (shared) and then its item. An enrolment, an announced
//! charge, a payout or a practice's account is locked alone.

/// That payers agreed to be debited.
pub mod acceptances;
pub mod account_payouts;
/// Calls to the processor, written down before they are made.
pub mod attempts;
/// New clients and open forms that are followed up.
pub mod authorization_queue;
pub mod authorizations;
pub mod autopay_candidates;
pub mod autopay_enrolments;
pub mod autopay_holds;
pub mod autopay_items;
pub mod autopay_queue;
pub mod autopay_report;
pub mod autopay_runs;
/// How practices want AutoPay.
pub mod autopay_settings;
/// What billing's feed tells of bills.
pub mod bills;
pub mod call_slots;
/// How practices keep cards on file, and their texts.
pub mod card_policies;
pub mod charges;
/// Payments whose end somebody had to say.
pub mod closings;
pub mod comparisons;
pub mod connections;
/// What payments said before they were corrected.
pub mod corrections;
/// Payers as the processor knows them.
pub mod customers;
/// Tokens that the processor is to forget.
pub mod detachments;
pub mod disputes;
pub mod expiry;
pub mod methods;
pub mod new_cards;
pub mod new_payments;
pub mod payments;
pub mod payout_items;
/// How far nights have looked at payouts.
pub mod payout_looks;
pub mod payout_matches;
pub mod payouts;
/// What portal-auth's feed tells of practices.
pub mod practices;
/// Whose the processor's objects are.
pub mod processor_objects;
pub mod refund_closings;
pub mod refunds;
/// Methods that are being added.
pub mod setups;
pub mod unclaimed_payout_items;
pub mod unmatched_payout_items;
pub mod unsettled;
pub mod upcoming_charges;
pub mod verify;
/// The inbox.
pub mod webhooks;

use crate::{Error, Result};
use money::Currency;

/// The currency a row is in.
pub(crate) fn currency(code: &str) -> Result<Currency> {
    code.parse().map_err(|_| Error::Stored("a currency code"))
}
