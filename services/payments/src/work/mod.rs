//! Loops that call ops: feeds that are followed, the webhook inbox, the reconciler, the nights of AutoPay, and those that
//! compare.

mod autopay;
mod bills;
mod card_forms;
mod compare;
mod expiry;
mod inbox;
mod practices;
mod reconcile;
mod verify;

pub use autopay::{run_nights, run_nights_due};
pub use bills::Bills;
pub use card_forms::{ask_for_cards, ask_for_cards_due};
pub use compare::{compare, compare_due};
pub use expiry::{watch_expiry, watch_expiry_due};
pub use inbox::{process_webhooks, process_webhooks_due};
pub use practices::Practices;
pub use reconcile::{reconcile, reconcile_due};
pub use verify::verify_all;

use crate::Error;
use ::rpc::Fault as _;
use pg::RequestError;
use pg::feed::HandlerError;

/// How many payments, refunds, setups or webhooks one look takes on.
const BATCH: i64 = 32;
/// How many of them are asked about at once.
const AT_ONCE: usize = 4;

/// What may go well the next time is tried again; the rest is the event's own fault.
fn failed(error: Error) -> HandlerError {
    match error {
        Error::Database(error) | Error::Request(RequestError::Database(error)) => {
            HandlerError::from(error)
        }
        other if other.code() == tonic::Code::Unavailable => HandlerError::transient(other),
        other => HandlerError::poison(other),
    }
}
