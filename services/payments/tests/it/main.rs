//! Stories: the real service behind its real stack, a fresh Postgres, the sandbox processor over HTTP. billing is
//! replaced at the process edge by `billing.rs`. Each ends with `finish`, which holds our rows against the processor's
//! own book, and against what billing was told.

#![cfg(test)]

mod accounts;
mod audit;
mod billing;
mod bills;
mod comparisons;
mod crash;
mod disputes;
mod faults;
mod guest;
mod neighbours;
mod record;
mod refunds;
mod stage;
mod tokens;
mod webhooks;
