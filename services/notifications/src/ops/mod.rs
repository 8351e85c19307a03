//! What the service does, one verb a file.

/// A worker takes mails.
pub mod claim_messages;
/// Staff reads the history.
pub mod list_messages;
/// A new Access Code is to be sent.
pub mod queue_access_code;
/// A bill that was shared has changed.
pub mod queue_adjustment;
/// Events become mails.
pub mod queue_messages;
/// What an attempt came to.
pub mod record_outcome;
mod record_outcomes;
/// A practice's letterhead.
pub mod register_practice;
