//! One verb, one file, one transaction. What reports read comes from one moment, and how far billing's feed was ahead
//! of it was asked before that moment: a caller who booked something and then asks sees it, or sees that it is missing.

mod correct_payment;
mod get_account_totals;
mod get_revenue_by_month;
mod list_payments_report;
mod rebuild_projections;
mod record_booked;

pub use correct_payment::correct_payment;
pub use get_account_totals::{AccountTotals, get_account_totals};
pub use get_revenue_by_month::get_revenue_by_month;
pub use list_payments_report::{PageAsked, PaymentsReport, list_payments_report};
pub use rebuild_projections::rebuild_projections;
pub use record_booked::record_booked;
