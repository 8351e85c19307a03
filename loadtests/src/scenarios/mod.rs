//! One file a scenario: what is done in which order.

pub mod autopay_selection;
pub mod bulk_sessions;
pub mod documents;
pub mod import_practice;
pub mod memory;
pub mod nightly_automation;
pub mod record_payments;
pub mod webhook_intake;
