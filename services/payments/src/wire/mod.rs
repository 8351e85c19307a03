//! Between the contracts' messages, the processor's objects and our own values; one file per other side.

pub mod account;
pub mod autopay;
pub mod autopay_event;
pub mod billing;
pub mod card_authorization;
pub mod charge;
pub mod comparison;
pub mod dispute;
pub mod event;
pub mod method;
pub mod outcome;
pub mod payment;
pub mod payout;
pub mod payout_event;
pub mod processor;
pub mod refund;
