//! proto ↔ what this service works with.

pub mod account;
pub mod autopay;
pub mod card;
pub mod event;
/// Mails and their event.
pub mod message;
