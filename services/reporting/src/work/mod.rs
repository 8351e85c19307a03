//! Following billing's feed: each event has its effect once, in the transaction that moves the cursor.

use crate::domain::booked::Booked;
use crate::domain::effect::Entry;
use crate::domain::payment::Payment;
use crate::{Error, ops, wire};
use ::rpc::{Caller, Fault as _, Invalid};
use ids::{PaymentId, RefundId};
use jiff::civil::Date;
use pg::feed::{Event, Handler, HandlerError};
use pg::{RequestError, Tx};
use proto::billing::v1::{PaymentCorrected, PaymentPosted, RefundPosted};

/// What billing's events do here.
pub struct Books;

impl Handler for Books {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        take_in(tx, std::slice::from_ref(event)).await
    }

    /// What they book is summed up first, and written once.
    async fn apply_all(&self, tx: &mut Tx, events: &[Event]) -> Result<(), HandlerError> {
        take_in(tx, events).await
    }
}

/// What an event says that matters here.
enum Told {
    Entry(Entry),
    Payment(Payment),
    /// The payment came on that day.
    Corrected(PaymentId, Date),
    Refund(RefundId, PaymentId),
    Nothing,
}

async fn take_in(tx: &mut Tx, events: &[Event]) -> Result<(), HandlerError> {
    let Some(first) = events.first() else {
        return Ok(());
    };
    let (caller, practice) = (Caller::worker("reporting"), first.practice);
    let mut booked = Booked::default();
    for event in events {
        match told(event)? {
            Told::Entry(entry) => {
                let added = booked.add_entry(&entry);
                added.map_err(|error| failed(error.into()))?;
            }
            Told::Payment(payment) => booked.add_payment(event.sequence, payment),
            Told::Refund(refund, payment) => booked.add_refund(refund, payment),
            Told::Corrected(payment, day) => {
                // The payment may be among those that are not written yet.
                let before = std::mem::take(&mut booked);
                let recorded = ops::record_booked(tx, &caller, practice, &before).await;
                recorded.map_err(failed)?;
                let corrected = ops::correct_payment(tx, &caller, practice, (payment, day)).await;
                corrected.map_err(failed)?;
            }
            Told::Nothing => {}
        }
    }
    let recorded = ops::record_booked(tx, &caller, practice, &booked).await;
    recorded.map_err(failed)
}

fn told(event: &Event) -> Result<Told, HandlerError> {
    let told = match event.event_type.as_str() {
        "evenkeel.billing.v1.EntryPosted" => wire::event::entry(event.decode()?).map(Told::Entry),
        "evenkeel.billing.v1.PaymentPosted" => {
            let posted = event.decode::<PaymentPosted>()?;
            wire::event::payment(&posted).map(Told::Payment)
        }
        "evenkeel.billing.v1.PaymentCorrected" => {
            let corrected = event.decode::<PaymentCorrected>()?;
            let corrected = wire::event::correction(&corrected);
            corrected.map(|(payment, day)| Told::Corrected(payment, day))
        }
        "evenkeel.billing.v1.InsurerPaymentRecorded" => {
            wire::event::insurer_payment(event.decode()?).map(Told::Payment)
        }
        "evenkeel.billing.v1.RefundPosted" => {
            let refund = event.decode::<RefundPosted>()?;
            let refund = wire::event::refund(&refund);
            refund.map(|(refund, payment)| Told::Refund(refund, payment))
        }
        // Sessions and bills move no money; what they book comes as an entry.
        _ => Ok(Told::Nothing),
    };
    told.map_err(unreadable)
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
