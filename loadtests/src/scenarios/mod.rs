//! One file a scenario: what is done in which order.

pub mod memory;
pub mod record_payments;
