//! Stories: the real service behind its real stack, a fresh Postgres, the sandbox processor over HTTP. billing is
//! replaced at the process edge by `billing.rs`. Each ends with `finish`, which holds our rows against the processor's
//! own book, and against what billing was told.

#![cfg(test)]

mod audit;
mod billing;
mod bills;
mod card_forms;
mod crash;
mod crash_methods;
mod faults;
mod guest;
mod methods;
mod methods_payers;
mod methods_renewed;
mod neighbours;
mod people;
mod record;
mod refunds;
mod stage;
mod tokens;
mod wallet;
mod webhooks;
