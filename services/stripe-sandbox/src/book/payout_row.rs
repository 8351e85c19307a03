//! What the book keeps of a payout.

use serde::{Deserialize, Serialize};

/// Money on its way to the account's bank.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Payout {
    pub id: String,
    pub created: i64,
    pub amount: i64,
    pub currency: String,
    pub status: PayoutStatus,
    /// Midnight UTC of the day on which the bank has it.
    pub arrival_date: i64,
    /// By schedule; of one that was asked for by hand nobody can say what is in it.
    pub automatic: bool,
    /// What is in it can be listed.
    pub reconciled: bool,
    pub transaction: String,
    pub failure_transaction: Option<String>,
    pub failure_code: Option<String>,
}

/// Stripe's `payout.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutStatus {
    Pending,
    InTransit,
    Paid,
    Failed,
    Canceled,
}

impl PayoutStatus {
    /// Stripe's word.
    pub fn word(self) -> &'static str {
        match self {
            PayoutStatus::Pending => "pending",
            PayoutStatus::InTransit => "in_transit",
            PayoutStatus::Paid => "paid",
            PayoutStatus::Failed => "failed",
            PayoutStatus::Canceled => "canceled",
        }
    }

    /// Whether the money came back to the balance.
    pub fn is_returned(self) -> bool {
        match self {
            PayoutStatus::Failed | PayoutStatus::Canceled => true,
            PayoutStatus::Pending | PayoutStatus::InTransit | PayoutStatus::Paid => false,
        }
    }
}
