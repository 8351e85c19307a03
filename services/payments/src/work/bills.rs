use super::failed;
use crate::store::bills::Bill;
use crate::{store, wire};
use ids::{BillId, PaymentId};
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::billing::v1::{
    BillBalanceChanged, BillCancelled, BillEdited, BillIssued, PaymentPosted,
};
use std::collections::BTreeMap;

/// billing's events: bills become known here as they stand, and payments as booked.
pub struct Bills;

impl Handler for Bills {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        take_in(tx, std::slice::from_ref(event)).await
    }

    /// Only the last word of each bill is written.
    async fn apply_all(&self, tx: &mut Tx, events: &[Event]) -> Result<(), HandlerError> {
        take_in(tx, events).await
    }
}

/// What an event says that matters here.
enum Told {
    Bill(Bill),
    Posted(PaymentId),
    Nothing,
}

async fn take_in(tx: &mut Tx, events: &[Event]) -> Result<(), HandlerError> {
    let Some(first) = events.first() else {
        return Ok(());
    };
    let (mut bills, mut posted) = (BTreeMap::<BillId, Bill>::new(), Vec::new());
    for event in events {
        match told(event)? {
            Told::Bill(bill) => drop(bills.insert(bill.bill, bill)),
            Told::Posted(payment) => posted.push(payment),
            Told::Nothing => {}
        }
    }
    let practice = first.practice;
    store::bills::upsert(tx, practice, &bills)
        .await
        .map_err(failed)?;
    store::payments::update_posted(tx, practice, &posted)
        .await
        .map_err(failed)
}

fn told(event: &Event) -> Result<Told, HandlerError> {
    let facts = match event.event_type.as_str() {
        "evenkeel.billing.v1.BillIssued" => event.decode::<BillIssued>()?.bill,
        "evenkeel.billing.v1.BillEdited" => event.decode::<BillEdited>()?.bill,
        "evenkeel.billing.v1.BillCancelled" => event.decode::<BillCancelled>()?.bill,
        "evenkeel.billing.v1.BillBalanceChanged" => event.decode::<BillBalanceChanged>()?.bill,
        "evenkeel.billing.v1.PaymentPosted" => {
            let posted = event.decode::<PaymentPosted>()?;
            let payment = wire::billing::posted(&posted).map_err(failed)?;
            return Ok(Told::Posted(payment));
        }
        _of_no_matter_here => return Ok(Told::Nothing),
    };
    let facts = facts.ok_or_else(|| HandlerError::poison("the event has no bill"))?;
    let bill = wire::billing::facts(facts).map_err(HandlerError::poison)?;
    Ok(Told::Bill(bill))
}
