//! What the book keeps of a dispute.

use serde::{Deserialize, Serialize};

use crate::metadata::Metadata;

/// A payer's bank questions a charge.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dispute {
    pub id: String,
    pub created: i64,
    pub charge: String,
    pub intent: String,
    pub amount: i64,
    pub currency: String,
    pub reason: String,
    pub status: DisputeStatus,
    pub metadata: Metadata,
    /// Money withdrawn and reinstated, in order.
    pub transactions: Vec<String>,
    /// `uncategorized_text` of the evidence.
    pub evidence: Option<String>,
    pub submissions: u64,
}

/// Stripe's `dispute.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    WarningNeedsResponse,
    WarningUnderReview,
    WarningClosed,
    NeedsResponse,
    UnderReview,
    Won,
    Lost,
}

impl DisputeStatus {
    /// Stripe's word.
    pub fn word(self) -> &'static str {
        match self {
            DisputeStatus::WarningNeedsResponse => "warning_needs_response",
            DisputeStatus::WarningUnderReview => "warning_under_review",
            DisputeStatus::WarningClosed => "warning_closed",
            DisputeStatus::NeedsResponse => "needs_response",
            DisputeStatus::UnderReview => "under_review",
            DisputeStatus::Won => "won",
            DisputeStatus::Lost => "lost",
        }
    }

    /// Whether it is an inquiry, which withdraws no money.
    pub fn is_inquiry(self) -> bool {
        match self {
            DisputeStatus::WarningNeedsResponse
            | DisputeStatus::WarningUnderReview
            | DisputeStatus::WarningClosed => true,
            DisputeStatus::NeedsResponse
            | DisputeStatus::UnderReview
            | DisputeStatus::Won
            | DisputeStatus::Lost => false,
        }
    }

    /// Whether the charge can be refunded all the same.
    pub fn lets_refund(self) -> bool {
        self.is_inquiry() || self == DisputeStatus::Won
    }

    /// Whether the bank has decided.
    pub fn is_closed(self) -> bool {
        match self {
            DisputeStatus::WarningClosed | DisputeStatus::Won | DisputeStatus::Lost => true,
            DisputeStatus::WarningNeedsResponse
            | DisputeStatus::WarningUnderReview
            | DisputeStatus::NeedsResponse
            | DisputeStatus::UnderReview => false,
        }
    }
}
