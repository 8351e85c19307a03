//! `evenkeel demo`: real input, through the gateway, checked against the files by separate code.

pub(crate) mod gateway;
mod mailbox;
pub mod plan;
mod practice;
mod run;
mod screen;
mod step;
pub mod synthea;
mod wire;

pub use gateway::SignIn;
pub use practice::owner;
pub use run::{Options, run};
