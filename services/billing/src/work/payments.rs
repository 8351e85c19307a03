use super::failed;
use crate::ops::book_dispute::{close_dispute_in, move_dispute_in, open_dispute_in};
use crate::ops::post_payment::post_payment_in;
use crate::ops::post_refund::post_refund_in;
use crate::ops::return_refund::return_refund_in;
use crate::wire::{dispute, payment};
use crate::{Billing, Result};
use ::rpc::{Caller, parse};
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::payments::v1::{PaymentSucceeded, RefundFailed, RefundSucceeded};

/// payments' events: every payment and refund that succeeded is booked, also when nobody made the call that does it
/// at once; what is booked already is found by its id. Refunds that came back and disputes are booked by the feed alone.
pub struct Payments(pub Billing);

impl Handler for Payments {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        let (billing, now, practice) = (&self.0, self.0.clock.now(), event.practice);
        let kind = event.event_type.as_str();
        let Some(kind) = kind.strip_prefix("evenkeel.payments.v1.") else {
            return Ok(());
        };
        let booked = match kind {
            "PaymentSucceeded" => {
                let paid = event.decode::<PaymentSucceeded>()?;
                let asked = parse::required(paid.payment, "payment").map_err(Into::into);
                match asked.and_then(|facts| payment::payment_succeeded(practice, facts)) {
                    Ok(asked) => post_payment_in(billing, tx, now, asked).await.map(drop),
                    Err(error) => Err(error),
                }
            }
            "RefundSucceeded" => {
                let refund = event.decode::<RefundSucceeded>()?;
                match payment::refund_succeeded(practice, &refund) {
                    Ok(asked) => post_refund_in(billing, tx, now, asked).await.map(drop),
                    Err(error) => Err(error),
                }
            }
            "RefundFailed" => {
                let failed = event.decode::<RefundFailed>()?;
                match dispute::refund_failed(practice, &failed) {
                    Ok(asked) => return_refund_in(billing, tx, &worker(), asked).await,
                    Err(error) => Err(error),
                }
            }
            _other => return self.apply_dispute(tx, event, kind).await,
        };
        booked.map_err(failed)
    }
}

impl Payments {
    async fn apply_dispute(
        &self,
        tx: &mut Tx,
        event: &Event,
        kind: &str,
    ) -> Result<(), HandlerError> {
        let (billing, caller, practice) = (&self.0, worker(), event.practice);
        let booked = match kind {
            "DisputeOpened" => match dispute::opened(event.decode()?) {
                Ok(opened) => open_dispute_in(billing, tx, &caller, (practice, opened)).await,
                Err(error) => Err(error),
            },
            "DisputeFundsWithdrawn" => match dispute::withdrawn(event.decode()?) {
                Ok(moved) => move_dispute_in(billing, tx, &caller, (practice, moved)).await,
                Err(error) => Err(error),
            },
            "DisputeFundsReinstated" => match dispute::reinstated(event.decode()?) {
                Ok(moved) => move_dispute_in(billing, tx, &caller, (practice, moved)).await,
                Err(error) => Err(error),
            },
            "DisputeClosed" => match dispute::closed(event.decode()?) {
                Ok(closed) => close_dispute_in(billing, tx, &caller, (practice, closed)).await,
                Err(error) => Err(error),
            },
            _of_no_matter_here => Ok(()),
        };
        booked.map_err(failed)
    }
}

fn worker() -> Caller {
    Caller::worker("billing")
}
