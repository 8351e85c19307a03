//! One verb, one file. What talks to the processor begins no transaction: those are in the `records` beside the steps of
//! each way, and the settling ops.

mod accounts;
mod adopt_refund;
mod ask_at_intake;
mod ask_for_card;
mod ask_for_new_card;
mod auto_pay;
mod begin_charge;
mod charge;
mod close_payment;
mod close_payout_item;
mod close_refund;
mod compare_day;
mod connect;
mod connect_processor_account;
mod correct_payment;
mod finish_method_setup;
mod forget;
mod get_auto_pay;
mod get_auto_pay_settings;
mod get_card_authorization;
mod get_card_on_file_policy;
mod get_dispute;
mod get_method;
mod get_online_payments;
mod get_payment;
mod get_payout;
mod get_processor_account;
mod give_back;
mod hold_auto_pay_item;
mod known_bills;
mod list_auto_pay_items;
mod list_auto_pay_runs;
mod list_card_authorizations;
mod list_discrepancies;
mod list_disputes;
mod list_methods;
mod list_payments;
mod list_payout_items;
mod list_payouts;
mod list_unclaimed_payout_items;
mod list_upcoming_charges;
mod match_payout_items;
mod means;
mod move_upcoming_charge;
mod online_payments;
mod pay_balance;
mod pay_bill;
mod payer_customer;
mod payers;
mod place_on_file;
mod preview_auto_pay;
mod read_account;
mod read_dispute;
mod read_method;
mod read_payout;
mod receive_stripe_event;
mod record_payment;
mod record_payments;
mod refund_payment;
mod release_auto_pay_item;
mod remind_card_authorization;
mod remove_method;
mod replace_method;
mod request_card_authorization;
mod revoke_card_authorization;
mod run_auto_pay;
mod set_auto_pay_settings;
mod set_card_on_file_policy;
mod set_default_method;
mod set_method_hsa_fsa;
mod set_online_payments;
mod set_up;
mod set_up_method;
mod settle_account;
mod settle_dispute;
mod settle_method;
mod settle_payment;
mod settle_payout;
mod settle_refund;
mod settle_setup;
mod sign_card_authorization;
mod turn_off_auto_pay;
mod turn_on_auto_pay;
mod verify_payments;
mod watch_expiry;
mod whose;

pub use ask_at_intake::ask_at_intake;
pub use ask_for_new_card::ask_for_new_card;
pub(crate) use auto_pay::lease_end;
pub use charge::{continue_payment, read_payment};
pub use close_payment::{ClosePayment, close_payment};
pub use close_payout_item::{ClosePayoutItem, close_payout_item};
pub use close_refund::{CloseRefund, close_refund};
pub use compare_day::compare_day;
pub use connect_processor_account::{ConnectAccount, Connected, connect_processor_account};
pub(crate) use correct_payment::etag;
pub use correct_payment::{CorrectPayment, correct_payment};
pub use finish_method_setup::finish_method_setup;
pub use forget::continue_detachment;
pub use get_auto_pay::get_auto_pay;
pub use get_auto_pay_settings::get_auto_pay_settings;
pub use get_card_authorization::get_card_authorization;
pub use get_card_on_file_policy::get_card_on_file_policy;
pub use get_dispute::get_dispute;
pub use get_method::get_method;
pub use get_online_payments::get_online_payments;
pub use get_payment::{Shown, get_payment};
pub use get_payout::get_payout;
pub use get_processor_account::{ShownAccount, get_processor_account};
pub use give_back::{continue_refund, read_refund};
pub use hold_auto_pay_item::hold_auto_pay_item;
pub use list_auto_pay_items::list_auto_pay_items;
pub use list_auto_pay_runs::list_auto_pay_runs;
pub use list_card_authorizations::list_card_authorizations;
pub use list_discrepancies::list_discrepancies;
pub use list_disputes::list_disputes;
pub use list_methods::list_methods;
pub use list_payments::{PageAsked, list_payments};
pub use list_payout_items::list_payout_items;
pub use list_payouts::list_payouts;
pub use list_unclaimed_payout_items::list_unclaimed_payout_items;
pub use list_upcoming_charges::{UpcomingCharges, list_upcoming_charges};
pub use match_payout_items::match_payout_items;
pub use means::PayWith;
pub use move_upcoming_charge::{MoveCharge, move_upcoming_charge};
pub use pay_balance::{PayBalance, pay_balance};
pub use pay_bill::{PayBill, pay_bill};
pub use preview_auto_pay::{Preview, preview_auto_pay};
pub use read_account::read_account;
pub use read_dispute::read_dispute;
pub use read_method::read_method;
pub use read_payout::{follow_payout, read_payout};
pub use receive_stripe_event::receive_stripe_event;
pub use record_payment::{NewPayment, Recordings, record_payment};
pub use refund_payment::{NewRefund, refund_payment};
pub use release_auto_pay_item::release_auto_pay_item;
pub use remind_card_authorization::{remind_by_itself, remind_card_authorization};
pub use remove_method::remove_method;
pub use replace_method::replace_method;
pub use request_card_authorization::request_card_authorization;
pub use revoke_card_authorization::revoke_card_authorization;
pub use run_auto_pay::run_auto_pay;
pub use set_auto_pay_settings::set_auto_pay_settings;
pub use set_card_on_file_policy::{set_card_on_file_exemption, set_card_on_file_policy};
pub use set_default_method::set_default_method;
pub use set_method_hsa_fsa::set_method_hsa_fsa;
pub use set_online_payments::set_online_payments;
pub use set_up::{continue_setup, read_setup};
pub use set_up_method::{SetUpMethod, ShownSetup, set_up_method};
pub use settle_account::{AccountSaid, settle_account};
pub use settle_dispute::settle_dispute;
pub use settle_method::settle_method;
pub use settle_payment::settle_payment;
pub use settle_payout::{PartContent, PayoutPart, settle_payout};
pub use settle_refund::settle_refund;
pub use settle_setup::settle_setup;
pub use sign_card_authorization::{SignCardAuthorization, sign_card_authorization};
pub use turn_off_auto_pay::turn_off_auto_pay;
pub use turn_on_auto_pay::{TurnOn, turn_on_auto_pay};
pub use verify_payments::{totals, verify_payments, verify_practice};
pub use watch_expiry::watch_expiry;

use crate::store::unsettled::Turn;
use crate::{Error, Payments};
use jiff::Timestamp;
use processor::ProcessorError;
use std::time::Duration;

/// Before the processor is asked again when it does not say how long it wants to be left alone.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Whoever begins something has it for itself for a while; then the reconciler looks after it.
fn turn(payments: &Payments, now: Timestamp) -> Turn {
    let after = |pause| now.saturating_add(pause).unwrap_or(Timestamp::MAX);
    Turn {
        now,
        lease_end: after(payments.timing.lease()),
        due: after(payments.timing.reconcile_after(0)),
    }
}

/// Nothing was done; the same may be asked again. An operator is told when it is not by chance.
fn unavailable(error: &ProcessorError) -> Error {
    let retry_after = match error {
        ProcessorError::Busy { retry_after, .. } => {
            tracing::warn!(%error, "the processor was not reached");
            retry_after.unwrap_or(RETRY_AFTER)
        }
        ProcessorError::Declined(_)
        | ProcessorError::Rejected { .. }
        | ProcessorError::Unauthorized { .. }
        | ProcessorError::NotConnected { .. }
        | ProcessorError::Unknown { .. } => {
            tracing::error!(%error, "the processor does not do what is asked");
            RETRY_AFTER
        }
    };
    Error::ProcessorUnavailable { retry_after }
}
