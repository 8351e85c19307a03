//! Stories: the real service behind its real stack, a fresh Postgres, the sandbox processor over HTTP. billing is
//! replaced at the process edge by `billing.rs`. Each ends with `finish`, which holds our rows against the processor's
//! own book, and against what billing was told.

#![cfg(test)]

mod accounts;
mod amounts;
mod audit;
mod autopay;
mod autopay_faults;
mod autopay_stage;
mod balance;
mod batches;
mod bill_batches;
mod billing;
mod bills;
mod card_forms;
mod closings;
mod comparisons;
mod connect;
mod connect_faults;
mod connect_money;
mod corrections;
mod crash;
mod crash_methods;
mod debits;
mod declines;
mod disputes;
mod every_call;
mod faults;
mod guest;
mod methods;
mod methods_payers;
mod methods_renewed;
mod neighbours;
mod new_cards;
mod on_file;
mod payouts;
mod payouts_closed;
mod payouts_late;
mod payouts_nights;
mod payouts_stage;
mod people;
mod record;
mod refund_closings;
mod refunds;
mod seeded;
mod stage;
mod tokens;
mod upcoming;
mod verify;
mod wallet;
mod webhooks;
