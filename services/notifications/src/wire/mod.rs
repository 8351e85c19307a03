//! proto ↔ what this service works with.

pub mod event;
/// Mails and their event.
pub mod message;
