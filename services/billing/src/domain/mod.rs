//! The rules of money: pure, total, and the same in storage, reports and tests.

#![deny(clippy::wildcard_enum_match_arm, clippy::float_arithmetic)]

pub mod account;
pub mod adjustment;
pub mod automation;
pub mod bill;
pub mod credit;
pub mod diagnosis;
pub mod dispute;
pub mod entry;
pub mod fee;
pub mod import;
pub mod insurer;
pub mod invariant;
pub mod issue;
pub mod missed;
pub mod payment;
pub mod payout;
pub mod payout_line;
pub mod people;
pub mod place_of_service;
pub mod rebooked;
pub mod refund;
pub mod returned;
pub mod session;
pub mod shares;
pub mod sharing;
pub mod statement;
pub mod superbill;
pub mod terms;
pub mod timeline;

#[cfg(test)]
mod books;
