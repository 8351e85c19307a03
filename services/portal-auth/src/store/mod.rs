//! SQL as free functions, one file per aggregate. Times come in as parameters.

pub mod access_codes;
pub mod attempts;
pub mod practices;
pub mod programs;
pub mod signing_keys;
pub mod staff;
