//! Rows as Stripe's JSON objects. Field names, nullability and nesting follow Stripe's API reference.

mod dispute;
mod money;
mod payment;
mod payout;
mod people;
mod setup;
mod webhook;

pub mod expand;

pub use dispute::dispute;
pub use money::{refund, transaction};
pub use payment::{charge, intent};
pub use payout::payout;
pub use people::{account, account_link, application, customer, method, method_kind};
pub use setup::setup;
pub use webhook::{deleted_endpoint, endpoint, event};

use serde_json::{Value, json};

/// A page of objects.
pub fn list(url: &str, data: Vec<Value>, has_more: bool) -> Value {
    json!({ "object": "list", "url": url, "has_more": has_more, "data": data })
}
