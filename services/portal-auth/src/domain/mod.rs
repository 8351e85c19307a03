//! Rules without I/O: who is let in, when a guess is counted out, what a password must be.
#![deny(clippy::wildcard_enum_match_arm, clippy::float_arithmetic)]

pub mod access_code;
pub mod password;
pub mod rate;
