//! A mail that is to be sent, as the queue and the history know it.

mod history;
mod particulars;

pub use history::{Message, Outcome};
pub use particulars::{Allocation, Particulars, RunFigures};

use ids::{ClientId, MessageId};
use jiff::Timestamp;

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bill was shared.
    Bill,
    /// A payment was received.
    Receipt,
    /// Money goes back.
    Refund,
    /// A card was declined.
    Decline,
    /// A bill has a new Access Code.
    AccessCode,
    /// What a bill asks for has changed since it was sent.
    Adjustment,
    /// News of a card or bank account on file.
    Card,
    /// AutoPay is going to charge a bill.
    UpcomingCharge,
    /// A superbill of a month was made.
    Superbill,
    /// To the practice: a payment is disputed, or its dispute has ended.
    Dispute,
    /// To the practice: a refund came back.
    RefundReturned,
    /// AutoPay is going to charge a bill on another day.
    ChargeMoved,
    /// To the practice: a charge was declined that nobody saw.
    UnattendedDecline,
    /// To the practice: what AutoPay did in a night.
    AutoPayRun,
    /// To the practice: a payout did not arrive.
    PayoutFailed,
    /// To the practice: its account at the processor stops online payments.
    ProcessorAccount,
}

impl Kind {
    /// As the database keeps it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bill => "bill",
            Self::Receipt => "receipt",
            Self::Refund => "refund",
            Self::Decline => "decline",
            Self::AccessCode => "access_code",
            Self::Adjustment => "adjustment",
            Self::Card => "card",
            Self::UpcomingCharge => "upcoming_charge",
            Self::Superbill => "superbill",
            Self::Dispute => "dispute",
            Self::RefundReturned => "refund_returned",
            Self::ChargeMoved => "charge_moved",
            Self::UnattendedDecline => "unattended_decline",
            Self::AutoPayRun => "auto_pay_run",
            Self::PayoutFailed => "payout_failed",
            Self::ProcessorAccount => "processor_account",
        }
    }

    /// The way back; none for a text that is no kind.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Self::Bill,
            Self::Receipt,
            Self::Refund,
            Self::Decline,
            Self::AccessCode,
            Self::Adjustment,
            Self::Card,
            Self::UpcomingCharge,
            Self::Superbill,
            Self::Dispute,
            Self::RefundReturned,
            Self::ChargeMoved,
            Self::UnattendedDecline,
            Self::AutoPayRun,
            Self::PayoutFailed,
            Self::ProcessorAccount,
        ];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// Where a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits to be sent, or to be tried again.
    Queued,
    /// The mail server has it.
    Sent,
    /// Given up.
    Failed,
    /// Not sent, for there was no need any more.
    Skipped,
}

impl State {
    /// As the database keeps it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// The way back; none for a text that is no state.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Queued, Self::Sent, Self::Failed, Self::Skipped]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A mail to queue.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMessage {
    /// Its id, drawn before.
    pub message_id: MessageId,
    /// Whose; none for one to the practice about nobody in particular.
    pub client: Option<ClientId>,
    /// What it is about.
    pub particulars: Particulars,
    /// When it is queued.
    pub create_time: Timestamp,
}

#[cfg(test)]
mod tests;
