use super::failed;
use crate::store::bills::{Bill, Owed};
use crate::{store, wire};
use ids::{BillId, PaymentId};
use money::Money;
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::billing::v1::{
    BillBalanceChanged, BillCancelled, BillEdited, BillIssued, InsurerPaymentRecorded,
    PaymentPosted,
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
    /// The bill, and what insurance still owes on it.
    Bill(Bill, Money),
    Posted(PaymentId),
    /// The insurer paid on the bill; true: it decided what the client owes.
    Insurer(BillId, bool),
    Nothing,
}

async fn take_in(tx: &mut Tx, events: &[Event]) -> Result<(), HandlerError> {
    let Some(first) = events.first() else {
        return Ok(());
    };
    let (mut bills, mut posted) = (BTreeMap::<BillId, Bill>::new(), Vec::new());
    let (mut owed, mut insurers) = (BTreeMap::<BillId, Owed>::new(), Vec::new());
    for event in events {
        match told(event)? {
            Told::Bill(bill, insurance) => {
                let known = owed.entry(bill.bill).or_default();
                known.take_in(&bill, insurance, event.occur_time);
                bills.insert(bill.bill, bill);
            }
            Told::Posted(payment) => posted.push(payment),
            Told::Insurer(bill, decided) => insurers.push((bill, decided)),
            Told::Nothing => {}
        }
    }
    let practice = first.practice;
    let written = async {
        store::bills::upsert(tx, practice, &bills).await?;
        store::bills::update_owed(tx, practice, &owed).await?;
        for decided in insurers {
            store::bills::update_insurer(tx, practice, decided).await?;
        }
        store::payments::update_posted(tx, practice, &posted).await
    };
    written.await.map_err(failed)
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
        "evenkeel.billing.v1.InsurerPaymentRecorded" => {
            let recorded = event.decode::<InsurerPaymentRecorded>()?;
            let (bill, decided) = wire::billing::insurer_decided(&recorded).map_err(failed)?;
            return Ok(Told::Insurer(bill, decided));
        }
        _of_no_matter_here => return Ok(Told::Nothing),
    };
    let facts = facts.ok_or_else(|| HandlerError::poison("the event has no bill"))?;
    let insurance = wire::billing::insurance_balance(&facts).map_err(HandlerError::poison)?;
    let bill = wire::billing::facts(facts).map_err(HandlerError::poison)?;
    let insurance = insurance.unwrap_or(Money::zero(bill.client_balance.currency()));
    Ok(Told::Bill(bill, insurance))
}
