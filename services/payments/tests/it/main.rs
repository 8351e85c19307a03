//! Stories: the real service behind its real stack, a fresh Postgres, the sandbox processor over HTTP. billing is
//! replaced at the process edge by `billing.rs`. Each ends with `finish`, which holds our rows against the processor's
//! own book, and against what billing was told.

#![cfg(test)]

mod amounts;
mod audit;
mod balance;
mod billing;
mod bills;
mod corrections;
mod crash;
mod debits;
mod declines;
mod every_call;
mod faults;
mod guest;
mod neighbours;
mod on_file;
mod record;
mod refunds;
mod stage;
mod tokens;
mod webhooks;
