//! The sandbox over real HTTP, as its clients see it.
#![cfg(test)]

mod accounts;
mod authentication;
mod declines;
mod disputes;
mod faults;
mod idempotency;
mod payments;
mod payouts;
mod receiver;
mod refunds;
mod restart;
mod seeded;
mod setups;
mod shop;
mod strict;
mod webhooks;
