//! The all-in-one: one binary that runs the suite on one machine, and the command line for people.

pub mod command;
pub mod demo;
pub mod feed;
pub mod gateway;
pub mod import;
mod place;
pub mod up;
pub mod verify;
