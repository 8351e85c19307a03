//! What payments announces: amounts and ids, nothing of what was treated.

use super::payment;
use crate::domain::decline::Decline;
use crate::store::payments::Payment;
use crate::store::refunds::Refund;
use ::rpc::wire;
use clock::Clock;
use ids::EventId;
use pg::Announcement;
use prost_reflect::ReflectMessage;
use proto::payments::v1 as contract;

fn of(clock: &Clock, message: &impl ReflectMessage) -> Announcement {
    Announcement::of(EventId::new(clock), message)
}

/// The money came.
pub fn payment_succeeded(clock: &Clock, paid: &Payment) -> Announcement {
    of(
        clock,
        &contract::PaymentSucceeded {
            payment: Some(facts(paid)),
        },
    )
}

/// A charge was declined.
pub fn payment_failed(clock: &Clock, failed: &Payment) -> Announcement {
    let decline = failed.decline.as_ref();
    let text = decline.map(|decline| decline.payer_text(failed.kind));
    let practice_text = decline.map(Decline::practice_text);
    of(
        clock,
        &contract::PaymentFailed {
            payment: Some(facts(failed)),
            decline_reason: payment::decline_reason(decline).into(),
            decline_text: text.unwrap_or_default().to_owned(),
            practice_text: practice_text.unwrap_or_default().to_owned(),
            next_step: payment::next_step(decline).into(),
            hard: decline.is_some_and(Decline::is_hard),
        },
    )
}

/// A charge was given up.
pub fn payment_cancelled(clock: &Clock, cancelled: &Payment) -> Announcement {
    of(
        clock,
        &contract::PaymentCancelled {
            payment: Some(facts(cancelled)),
        },
    )
}

/// Money goes back.
pub fn refund_succeeded(clock: &Clock, payment: &Payment, refund: &Refund) -> Announcement {
    of(
        clock,
        &contract::RefundSucceeded {
            refund_id: refund.refund.to_string(),
            payment_id: refund.payment.to_string(),
            client_id: payment.client.to_string(),
            amount: Some(wire::money(refund.amount)),
            refund_date: Some(wire::date(refund.refund_date)),
            to_credit: refund.to_credit,
            reason: refund.reason.clone(),
            method_text: payment.method_text.clone(),
        },
    )
}

/// Money did not go back.
pub fn refund_failed(clock: &Clock, payment: &Payment, refund: &Refund) -> Announcement {
    of(
        clock,
        &contract::RefundFailed {
            refund_id: refund.refund.to_string(),
            payment_id: refund.payment.to_string(),
            client_id: payment.client.to_string(),
            amount: Some(wire::money(refund.amount)),
            refund_date: Some(wire::date(refund.refund_date)),
            to_credit: refund.to_credit,
            reason: refund.reason.clone(),
            method_text: payment.method_text.clone(),
        },
    )
}

fn facts(of: &Payment) -> contract::PaymentFacts {
    contract::PaymentFacts {
        payment_id: of.payment.to_string(),
        client_id: of.client.to_string(),
        kind: payment::kind(of.kind).into(),
        label: of.label.clone(),
        amount: Some(wire::money(of.amount)),
        receive_time: Some(wire::time(of.receive_time)),
        receive_date: Some(wire::date(of.receive_date)),
        allocations: payment::allocations(of),
        method_text: of.method_text.clone(),
    }
}
