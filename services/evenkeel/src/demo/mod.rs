//! `evenkeel demo`: real input, through the gateway, checked against the files by separate code.

pub mod plan;
pub mod synthea;
