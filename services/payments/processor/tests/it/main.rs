//! The processor against a Stripe-compatible server on a loopback port, and against servers that
//! misbehave.
#![cfg(test)]

mod accounts;
mod methods;
mod payments;
mod refunds;
mod setups;
mod stage;
mod webhooks;
mod wire;
