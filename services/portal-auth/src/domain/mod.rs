//! Rules without I/O: who is let in, when a guess is counted out, what a password must be.

pub mod access_code;
pub mod password;
pub mod rate;
