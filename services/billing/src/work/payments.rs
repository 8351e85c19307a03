use super::failed;
use crate::ops::book_dispute::{close_dispute_in, move_dispute_in, open_dispute_in};
use crate::ops::book_payout::{fail_payout_in, pay_out_in};
use crate::ops::match_payout::match_payout_in;
use crate::ops::post_payment::{PostPayment, post_told};
use crate::ops::post_refund::post_refund_in;
use crate::ops::rebook_payment::rebook_payment_in;
use crate::ops::return_refund::return_refund_in;
use crate::{Billing, store, wire};
use ::rpc::{Caller, parse};
use ids::PracticeId;
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::payments::v1::{
    PaymentCancelled, PaymentCorrected, PaymentFacts, PaymentFailed, PaymentSucceeded,
    RefundFailed, RefundSucceeded,
};

const PAYMENT: &str = "evenkeel.payments.v1.PaymentSucceeded";
const PAYOUT: &str = "evenkeel.payments.v1.Payout";
const REFUND: &str = "evenkeel.payments.v1.RefundSucceeded";
const FAILED: &str = "evenkeel.payments.v1.PaymentFailed";
const CANCELLED: &str = "evenkeel.payments.v1.PaymentCancelled";
const CORRECTED: &str = "evenkeel.payments.v1.PaymentCorrected";

/// payments' events: every payment and refund that succeeded is booked, also when nobody made the call that does it
/// at once. What is booked already is found by its id. What a charge held that came to nothing is free again.
/// Refunds that came back, disputes and payouts are booked by the feed alone.
pub struct Payments(pub Billing);

impl Handler for Payments {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        let Self(billing) = self;
        match event.event_type.as_str() {
            PAYMENT => book(billing, tx, std::slice::from_ref(event)).await,
            REFUND => give_back(billing, tx, event).await,
            FAILED => {
                let facts = event.decode::<PaymentFailed>()?.payment;
                release_hold(tx, event.practice, facts).await
            }
            CANCELLED => {
                let facts = event.decode::<PaymentCancelled>()?.payment;
                release_hold(tx, event.practice, facts).await
            }
            CORRECTED => {
                let corrected = event.decode::<PaymentCorrected>()?;
                let asked = wire::payment::payment_corrected(event.practice, corrected);
                let asked = asked.map_err(failed)?;
                let rebooked = rebook_payment_in(billing, tx, &worker(), asked).await;
                rebooked.map_err(failed)
            }
            "evenkeel.payments.v1.RefundFailed" => come_back(billing, tx, event).await,
            other if other.starts_with(PAYOUT) => apply_payout(billing, tx, event, other).await,
            other => apply_dispute(billing, tx, event, other).await,
        }
    }

    /// Payments that follow each other are booked as one batch.
    async fn apply_all(&self, tx: &mut Tx, events: &[Event]) -> Result<(), HandlerError> {
        let Self(billing) = self;
        for alike in events.chunk_by(|one, next| one.event_type == next.event_type) {
            match alike {
                [first, ..] if first.event_type == PAYMENT => book(billing, tx, alike).await?,
                others => {
                    for event in others {
                        self.apply(tx, event).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A correction, a refund, one that came back, a dispute, a payout and what frees holds take their locks in an order
    /// of their own: each stands alone in its transaction.
    fn together(&self, one: &Event, next: &Event) -> bool {
        !alone(one) && !alone(next)
    }

    fn matters(&self, event: &Event) -> bool {
        event.event_type == PAYMENT || alone(event)
    }
}

fn alone(event: &Event) -> bool {
    let kind = event.event_type.as_str();
    kind.starts_with("evenkeel.payments.v1.Refund")
        || kind.starts_with("evenkeel.payments.v1.Dispute")
        || kind == FAILED
        || kind == CANCELLED
        || kind == CORRECTED
        || kind.starts_with(PAYOUT)
}

async fn book(billing: &Billing, tx: &mut Tx, events: &[Event]) -> Result<(), HandlerError> {
    let Some(first) = events.first() else {
        return Ok(());
    };
    let told = events.iter().map(told).collect::<Result<Vec<_>, _>>()?;
    let booked = post_told(billing, tx, first.practice, told);
    booked.await.map_err(failed)
}

async fn give_back(billing: &Billing, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
    let refund = event.decode::<RefundSucceeded>()?;
    let asked = wire::payment::refund_succeeded(event.practice, &refund).map_err(failed)?;
    let booked = post_refund_in(billing, tx, billing.clock.now(), asked);
    booked.await.map(drop).map_err(failed)
}

async fn come_back(billing: &Billing, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
    let refund = event.decode::<RefundFailed>()?;
    // One that failed before it was given is booked only by what was said of it later.
    if refund.fail_date.is_some() && !refund.came_back {
        return Ok(());
    }
    let asked = wire::dispute::refund_failed(event.practice, &refund).map_err(failed)?;
    let caller = worker();
    let booked = return_refund_in(billing, tx, &caller, asked);
    booked.await.map_err(failed)
}

async fn apply_dispute(
    billing: &Billing,
    tx: &mut Tx,
    event: &Event,
    kind: &str,
) -> Result<(), HandlerError> {
    let (caller, practice) = (worker(), event.practice);
    let booked = match kind.strip_prefix("evenkeel.payments.v1.") {
        Some("DisputeOpened") => {
            let opened = wire::dispute::opened(event.decode()?).map_err(failed)?;
            open_dispute_in(billing, tx, &caller, (practice, opened)).await
        }
        Some("DisputeFundsWithdrawn") => {
            let moved = wire::dispute::withdrawn(event.decode()?).map_err(failed)?;
            move_dispute_in(billing, tx, &caller, (practice, moved)).await
        }
        Some("DisputeFundsReinstated") => {
            let moved = wire::dispute::reinstated(event.decode()?).map_err(failed)?;
            move_dispute_in(billing, tx, &caller, (practice, moved)).await
        }
        Some("DisputeClosed") => {
            let closed = wire::dispute::closed(event.decode()?).map_err(failed)?;
            close_dispute_in(billing, tx, &caller, (practice, closed)).await
        }
        Some(_) | None => Ok(()),
    };
    booked.map_err(failed)
}

async fn apply_payout(
    billing: &Billing,
    tx: &mut Tx,
    event: &Event,
    kind: &str,
) -> Result<(), HandlerError> {
    let (caller, practice) = (worker(), event.practice);
    let booked = match kind.strip_prefix(PAYOUT) {
        Some("Paid") => {
            let paid = wire::payout::paid(event.decode()?).map_err(failed)?;
            pay_out_in(billing, tx, &caller, (practice, paid)).await
        }
        Some("Failed") => {
            let ended = wire::payout::failed(event.decode()?).map_err(failed)?;
            fail_payout_in(billing, tx, &caller, (practice, ended)).await
        }
        Some("ItemsMatched") => {
            let matched = wire::payout::matched(event.decode()?).map_err(failed)?;
            match_payout_in(billing, tx, &caller, (practice, matched)).await
        }
        Some(_) | None => Ok(()),
    };
    booked.map_err(failed)
}

fn worker() -> Caller {
    Caller::worker("billing")
}

fn told(event: &Event) -> Result<PostPayment, HandlerError> {
    let told = event.decode::<PaymentSucceeded>()?;
    wire::payment::payment_succeeded(event.practice, told).map_err(failed)
}

async fn release_hold(
    tx: &mut Tx,
    practice: PracticeId,
    facts: Option<PaymentFacts>,
) -> Result<(), HandlerError> {
    let facts = facts.ok_or_else(|| HandlerError::poison("the event has no payment"))?;
    let payment = parse(&facts.payment_id, "payment.payment_id").map_err(HandlerError::poison)?;
    let released = store::holds::release(tx, practice, payment).await;
    released.map_err(HandlerError::from)
}
