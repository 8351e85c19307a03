//! Following billing's feed: each event has its effect once, in the transaction that moves the cursor.

use crate::{Error, Result, ops, wire};
use ::rpc::{Caller, Fault as _, Invalid};
use pg::feed::{Event, Handler, HandlerError};
use pg::{RequestError, Tx};
use proto::billing::v1::{
    EntryPosted, InsurerPaymentRecorded, PaymentCorrected, PaymentPosted, RefundPosted,
};

/// What billing's events do here.
pub struct Books;

impl Handler for Books {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        let caller = Caller::worker("reporting");
        let practice = event.practice;
        let booked = (practice, event.sequence);
        let applied = match event.event_type.as_str() {
            "evenkeel.billing.v1.EntryPosted" => {
                let entry =
                    wire::event::entry(event.decode::<EntryPosted>()?).map_err(unreadable)?;
                ops::record_entry(tx, &caller, practice, &entry).await
            }
            "evenkeel.billing.v1.PaymentPosted" => {
                let payment = event.decode::<PaymentPosted>()?;
                let payment = wire::event::payment(&payment).map_err(unreadable)?;
                ops::record_payment(tx, &caller, booked, &payment).await
            }
            "evenkeel.billing.v1.PaymentCorrected" => {
                let corrected = event.decode::<PaymentCorrected>()?;
                let corrected = wire::event::correction(&corrected).map_err(unreadable)?;
                ops::correct_payment(tx, &caller, practice, corrected).await
            }
            "evenkeel.billing.v1.InsurerPaymentRecorded" => {
                let payment = event.decode::<InsurerPaymentRecorded>()?;
                let payment = wire::event::insurer_payment(payment).map_err(unreadable)?;
                ops::record_payment(tx, &caller, booked, &payment).await
            }
            "evenkeel.billing.v1.RefundPosted" => {
                let refund = event.decode::<RefundPosted>()?;
                let refund = wire::event::refund(&refund).map_err(unreadable)?;
                ops::record_refund(tx, &caller, practice, refund).await
            }
            // Sessions and bills move no money; what they book comes as an entry.
            _ => Ok(()),
        };
        applied.map_err(failed)
    }
}

fn unreadable(invalid: Invalid) -> HandlerError {
    HandlerError::poison(invalid)
}

/// What may go well the next time is tried again; the rest is the event's own fault.
fn failed(error: Error) -> HandlerError {
    match error {
        Error::Database(error) | Error::Request(RequestError::Database(error)) => error.into(),
        other if other.conflict() => HandlerError::transient(other),
        other => HandlerError::poison(other),
    }
}
