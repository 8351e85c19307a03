use super::failed;
use crate::ops::post_payment::post_payment_in;
use crate::ops::post_refund::post_refund_in;
use crate::{Billing, store, wire};
use ::rpc::parse;
use ids::PracticeId;
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::payments::v1::{
    PaymentCancelled, PaymentFacts, PaymentFailed, PaymentSucceeded, RefundSucceeded,
};

/// payments' events: every payment and refund that succeeded is booked, also when nobody made the call that does it
/// at once. What is booked already is found by its id. What a charge held that came to nothing is free again.
pub struct Payments(pub Billing);

impl Handler for Payments {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        let (billing, now) = (&self.0, self.0.clock.now());
        match event.event_type.as_str() {
            "evenkeel.payments.v1.PaymentSucceeded" => {
                let facts = event.decode::<PaymentSucceeded>()?.payment;
                let facts =
                    facts.ok_or_else(|| HandlerError::poison("the event has no payment"))?;
                let asked =
                    wire::payment::payment_succeeded(event.practice, facts).map_err(failed)?;
                post_payment_in(billing, tx, now, asked)
                    .await
                    .map(drop)
                    .map_err(failed)
            }
            "evenkeel.payments.v1.RefundSucceeded" => {
                let refund = event.decode::<RefundSucceeded>()?;
                let asked =
                    wire::payment::refund_succeeded(event.practice, &refund).map_err(failed)?;
                post_refund_in(billing, tx, now, asked)
                    .await
                    .map(drop)
                    .map_err(failed)
            }
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
