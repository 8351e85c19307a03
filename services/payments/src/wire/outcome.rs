//! Our own events of outcomes, read back: which payment or refund was announced, and as what.

use crate::{Error, Result};
use ids::{PaymentId, RefundId};
use prost::Message as _;
use prost_reflect::ReflectMessage;
use proto::payments::v1::{PaymentFailed, PaymentSucceeded, RefundFailed, RefundSucceeded};

/// What an event announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Money came.
    PaymentSucceeded(PaymentId),
    /// A charge was declined.
    PaymentFailed(PaymentId),
    /// Money went back.
    RefundSucceeded(RefundId),
    /// It did not, or came back.
    RefundFailed(RefundId),
}

/// The types of the events that announce an outcome.
#[must_use]
pub fn outcome_types() -> Vec<String> {
    vec![
        type_of(&PaymentSucceeded::default()),
        type_of(&PaymentFailed::default()),
        type_of(&RefundSucceeded::default()),
        type_of(&RefundFailed::default()),
    ]
}

/// What an event of one of those types announced. Errors: `Stored`.
pub fn outcome(event_type: &str, payload: &[u8]) -> Result<Outcome> {
    if event_type == type_of(&PaymentSucceeded::default()) {
        let event = PaymentSucceeded::decode(payload).map_err(|_| unreadable())?;
        let facts = event.payment.unwrap_or_default();
        return Ok(Outcome::PaymentSucceeded(id(&facts.payment_id)?));
    }
    if event_type == type_of(&PaymentFailed::default()) {
        let event = PaymentFailed::decode(payload).map_err(|_| unreadable())?;
        let facts = event.payment.unwrap_or_default();
        return Ok(Outcome::PaymentFailed(id(&facts.payment_id)?));
    }
    if event_type == type_of(&RefundSucceeded::default()) {
        let event = RefundSucceeded::decode(payload).map_err(|_| unreadable())?;
        return Ok(Outcome::RefundSucceeded(id(&event.refund_id)?));
    }
    let event = RefundFailed::decode(payload).map_err(|_| unreadable())?;
    Ok(Outcome::RefundFailed(id(&event.refund_id)?))
}

fn type_of(message: &impl ReflectMessage) -> String {
    message.descriptor().full_name().to_owned()
}

fn id<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| unreadable())
}

const fn unreadable() -> Error {
    Error::Stored("an event of ours")
}
