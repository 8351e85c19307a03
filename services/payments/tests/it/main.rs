//! Stories: the real service behind its real stack, a fresh Postgres, the sandbox processor over HTTP. billing is
//! replaced at the process edge by `billing.rs`. Each ends with `finish`, which holds our rows against the processor's
//! own book, and against what billing was told.

#![cfg(test)]

mod audit;
mod balance;
mod autopay;
mod autopay_faults;
mod autopay_stage;
mod billing;
mod bills;
mod crash;
mod debits;
mod declines;
mod faults;
mod guest;
mod neighbours;
mod record;
mod refunds;
mod stage;
mod tokens;
mod upcoming;
mod webhooks;
