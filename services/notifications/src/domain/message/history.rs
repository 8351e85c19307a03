//! What became of a mail.

use super::{Kind, State};
use ids::{BillId, ClientId, MessageId, PaymentId};
use jiff::Timestamp;

/// A mail of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id.
    pub message_id: MessageId,
    /// What it is about.
    pub kind: Kind,
    /// Where it stands.
    pub state: State,
    /// Whose; none for one to the practice about nobody in particular.
    pub client: Option<ClientId>,
    /// The bill, if one.
    pub bill: Option<BillId>,
    /// The payment, if one.
    pub payment: Option<PaymentId>,
    /// Address; empty until it was tried.
    pub recipient: String,
    /// Subject; empty until it was tried.
    pub subject: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Why the last attempt failed, or why it was skipped; empty when it was neither.
    pub last_error: String,
    /// When it was queued.
    pub create_time: Timestamp,
    /// When the mail server took it.
    pub send_time: Option<Timestamp>,
}

/// What an attempt to send came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The mail server has it.
    Sent,
    /// Tried again at that time.
    Postponed {
        /// When.
        next_attempt_time: Timestamp,
        /// Why.
        error: String,
    },
    /// Given up.
    Failed {
        /// Why.
        error: String,
    },
    /// Not sent, for there was no need any more.
    Skipped {
        /// Why.
        reason: String,
    },
}
