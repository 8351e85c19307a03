//! What the book keeps. Plain rows; the rules that change them stand in the files named after them.

use serde::{Deserialize, Serialize};

pub use super::account_rows::{AccountLink, Standing};
use super::declines::Decline;
pub use super::dispute_row::{Dispute, DisputeStatus};
use super::machine::Status;
pub use super::payout_row::{Payout, PayoutStatus};
use super::table::Row;
use super::testcards::Behaviour;
use crate::metadata::Metadata;

/// Somebody's address and names, opaque to the sandbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub email: Option<String>,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub address: Option<Address>,
}

/// A postal address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub line1: Option<String>,
    pub line2: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
}

/// A customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Customer {
    pub id: String,
    pub created: i64,
    pub contact: Contact,
    pub description: Option<String>,
    pub metadata: Metadata,
    pub default_method: Option<String>,
    pub deleted: bool,
}

/// A card or bank account; of its number only the last four digits are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Method {
    pub id: String,
    pub created: i64,
    pub brand: String,
    pub funding: String,
    pub last4: String,
    pub exp_month: i64,
    pub exp_year: i64,
    pub fingerprint: String,
    pub billing: Contact,
    pub customer: Option<String>,
    pub metadata: Metadata,
    pub behaviour: Behaviour,
    /// Authenticated once for later use.
    pub set_up: bool,
    /// Used without a customer, or detached: never to be used again.
    pub spent: bool,
    /// A bank account that was typed in: it is verified by small deposits.
    #[serde(default)]
    pub unverified: bool,
    /// A bank account whose holder has agreed to debits.
    #[serde(default)]
    pub mandated: bool,
}

/// Why the last attempt of an intent failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub decline: Decline,
    pub charge: Option<String>,
    pub method: String,
}

/// A payment intent. Amounts in minor units.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Intent {
    pub id: String,
    pub created: i64,
    pub amount: i64,
    pub amount_received: i64,
    pub currency: String,
    pub status: Status,
    pub customer: Option<String>,
    pub method: Option<String>,
    pub method_types: Vec<String>,
    /// `automatic_payment_methods[allow_redirects]` when they are on.
    pub automatic_redirects: Option<String>,
    pub description: Option<String>,
    pub metadata: Metadata,
    pub receipt_email: Option<String>,
    pub statement_suffix: Option<String>,
    pub setup_future_usage: Option<String>,
    pub return_url: Option<String>,
    pub client_secret: String,
    pub latest_charge: Option<String>,
    pub failure: Option<Failure>,
    pub canceled_at: Option<i64>,
    pub cancellation_reason: Option<String>,
    pub processing_since: Option<i64>,
}

/// A method being stored for later, with the customer present.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Setup {
    pub id: String,
    pub created: i64,
    pub status: Status,
    pub customer: Option<String>,
    pub method: Option<String>,
    pub method_types: Vec<String>,
    /// `automatic_payment_methods[allow_redirects]` when they are on.
    pub automatic_redirects: Option<String>,
    pub description: Option<String>,
    pub metadata: Metadata,
    pub return_url: Option<String>,
    /// `off_session` or `on_session`.
    pub usage: String,
    pub client_secret: String,
    pub failure: Option<Failure>,
    pub cancellation_reason: Option<String>,
    /// The bank account waits for the two small deposits to be named.
    pub microdeposits: bool,
}

/// One attempt to take money.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Charge {
    pub id: String,
    pub created: i64,
    pub intent: String,
    pub amount: i64,
    pub amount_captured: i64,
    pub amount_refunded: i64,
    pub currency: String,
    pub status: ChargeStatus,
    pub failure: Option<Decline>,
    pub customer: Option<String>,
    pub method: String,
    pub description: Option<String>,
    pub metadata: Metadata,
    pub receipt_email: Option<String>,
    pub statement_suffix: Option<String>,
    pub transaction: Option<String>,
    pub authenticated: bool,
}

/// Stripe's `charge.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeStatus {
    Pending,
    Succeeded,
    Failed,
}

impl ChargeStatus {
    /// Stripe's word.
    pub fn word(self) -> &'static str {
        match self {
            ChargeStatus::Pending => "pending",
            ChargeStatus::Succeeded => "succeeded",
            ChargeStatus::Failed => "failed",
        }
    }
}

/// Money going back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refund {
    pub id: String,
    pub created: i64,
    pub charge: String,
    pub intent: String,
    pub amount: i64,
    pub currency: String,
    pub status: RefundStatus,
    pub reason: Option<String>,
    pub metadata: Metadata,
    pub transaction: Option<String>,
    pub failure_transaction: Option<String>,
    /// What becomes of it later, when that is not settled yet.
    pub later: Option<RefundStatus>,
}

/// Stripe's `refund.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
}

impl RefundStatus {
    /// Stripe's word.
    pub fn word(self) -> &'static str {
        match self {
            RefundStatus::Pending => "pending",
            RefundStatus::Succeeded => "succeeded",
            RefundStatus::Failed => "failed",
        }
    }
}

/// A movement of the account's balance: `net = amount - fee`, minor units, negative when money leaves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Transaction {
    pub id: String,
    pub created: i64,
    pub amount: i64,
    pub fee: i64,
    pub currency: String,
    /// `charge`, `payment`, `refund`, `payment_refund`, `refund_failure`, `adjustment`, `stripe_fee`, `payout`,
    /// `payout_failure`, `payout_cancel`.
    pub kind: String,
    /// Empty for the processor's own fees.
    pub source: String,
    pub description: Option<String>,
    /// The automatic payout that it was paid out with.
    #[serde(default)]
    pub payout: Option<String>,
}

/// Something that happened, with the object as it was then.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    pub id: String,
    pub created: i64,
    pub kind: String,
    pub object: serde_json::Value,
    pub previous: Option<serde_json::Value>,
    pub request_id: Option<String>,
    pub idempotency_key: Option<String>,
    pub api_version: String,
    /// The connected account, for platform endpoints that hear of it.
    pub account: Option<String>,
}

/// Where webhooks go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Endpoint {
    pub id: String,
    pub created: i64,
    pub url: String,
    pub secret: String,
    /// Event types, or `*`.
    pub events: Vec<String>,
    /// Hears of the connected accounts instead of its own.
    pub connect: bool,
    pub description: Option<String>,
    pub metadata: Metadata,
    pub deleted: bool,
}

/// The delivery of one event to one endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    pub id: String,
    pub created: i64,
    pub event: String,
    pub endpoint: String,
    pub state: DeliveryState,
    pub wait_ms: u64,
    pub attempts: Vec<Attempt>,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent, or sent again.
    Pending,
    /// Kept back until released by command.
    Held,
    /// Answered with 2xx.
    Delivered,
    /// Given up.
    Failed,
    /// Never sent, by command.
    Dropped,
}

/// One try: its time and the status or why there was none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    pub time: i64,
    pub status: Option<u16>,
    pub error: Option<String>,
}

/// The stored answer of an idempotency key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredAnswer {
    pub key: String,
    pub created: i64,
    /// SHA-256 over method, path and parameters, hex.
    pub fingerprint: String,
    pub status: u16,
    pub body: String,
    pub request_id: String,
}

macro_rules! rows {
    ($($row:ty: $id:ident),+ $(,)?) => {
        $(impl Row for $row {
            fn id(&self) -> &str {
                &self.$id
            }
            fn created(&self) -> i64 {
                self.created
            }
        })+
    };
}

rows! {
    Customer: id,
    Method: id,
    Intent: id,
    Setup: id,
    Charge: id,
    Refund: id,
    Dispute: id,
    Payout: id,
    Standing: id,
    AccountLink: id,
    Transaction: id,
    Event: id,
    Endpoint: id,
    Delivery: id,
    StoredAnswer: key,
}
