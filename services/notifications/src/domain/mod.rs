//! Rules without I/O: which events become mails, what a mail says, when a failed one is tried again.
#![deny(clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

/// News of a practice's own account at the processor.
pub mod account;
pub mod adjustment;
/// When a failed mail is tried again.
pub mod backoff;
pub mod card;
pub mod dispute;
pub mod letter;
pub mod message;
pub mod news;
/// Who a mail is from.
pub mod practice;
