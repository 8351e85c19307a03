//! What the figures of the reports mean: pure, total, and summed from transfers only.

#![deny(clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

pub mod account;
pub mod booked;
pub mod effect;
pub mod payment;
