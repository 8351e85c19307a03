use super::failed;
use crate::ops::post_payment::{PostPayment, post_told};
use crate::ops::post_refund::post_refund_in;
use crate::{Billing, store, wire};
use ::rpc::parse;
use ids::PracticeId;
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::payments::v1::{
    PaymentCancelled, PaymentFacts, PaymentFailed, PaymentSucceeded, RefundSucceeded,
};

const PAYMENT: &str = "evenkeel.payments.v1.PaymentSucceeded";
const REFUND: &str = "evenkeel.payments.v1.RefundSucceeded";

/// payments' events: every payment and refund that succeeded is booked, also when nobody made the call that does it
/// at once. What is booked already is found by its id. What a charge held that came to nothing is free again.
pub struct Payments(pub Billing);

impl Handler for Payments {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        let Self(billing) = self;
        match event.event_type.as_str() {
            PAYMENT => book(billing, tx, std::slice::from_ref(event)).await,
            REFUND => give_back(billing, tx, event).await,
            "evenkeel.payments.v1.PaymentFailed" => {
                let facts = event.decode::<PaymentFailed>()?.payment;
                release_hold(tx, event.practice, facts).await
            }
            "evenkeel.payments.v1.PaymentCancelled" => {
                let facts = event.decode::<PaymentCancelled>()?.payment;
                release_hold(tx, event.practice, facts).await
            }
            _of_no_matter_here => Ok(()),
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

    /// A refund takes its locks in an order of its own: it stands alone in its transaction.
    fn together(&self, one: &Event, next: &Event) -> bool {
        [one, next].iter().all(|event| event.event_type != REFUND)
    }
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

fn told(event: &Event) -> Result<PostPayment, HandlerError> {
    let facts = event.decode::<PaymentSucceeded>()?.payment;
    let facts = facts.ok_or_else(|| HandlerError::poison("the event has no payment"))?;
    wire::payment::payment_succeeded(event.practice, facts).map_err(failed)
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
