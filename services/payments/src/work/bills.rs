use super::failed;
use crate::store::authorization_queue::{Due, Waiting};
use crate::store::bills::{Bill, Owed};
use crate::{store, wire};
use ids::{BillId, ClientId, PaymentId};
use jiff::{SignedDuration, Timestamp};
use money::Money;
use pg::Tx;
use pg::feed::{Event, Handler, HandlerError};
use proto::billing::v1::{
    BillBalanceChanged, BillCancelled, BillEdited, BillIssued, ClientAdded, InsurerPaymentRecorded,
    PaymentPosted,
};
use std::collections::BTreeMap;

/// Insurance and billing contact come after the client.
const INTAKE_PAUSE: SignedDuration = SignedDuration::from_mins(15);

/// billing's events: bills become known here as they stand, and payments as booked; new clients are asked for a card, when
/// the practice wants that.
pub struct Bills;

impl Handler for Bills {
    async fn apply(&self, tx: &mut Tx, event: &Event) -> Result<(), HandlerError> {
        take_in(tx, std::slice::from_ref(event)).await
    }

    /// Only the last word of each bill is written.
    async fn apply_all(&self, tx: &mut Tx, events: &[Event]) -> Result<(), HandlerError> {
        take_in(tx, events).await
    }

    fn matters(&self, event: &Event) -> bool {
        !matches!(told(event), Ok(Told::Nothing))
    }
}

/// What an event says that matters here.
enum Told {
    /// The bill, and what insurance still owes on it.
    Bill(Bill, Money),
    Posted(PaymentId),
    /// The insurer paid on the bill; true: it decided what the client owes.
    Insurer(BillId, bool),
    Added(ClientId),
    Nothing,
}

async fn take_in(tx: &mut Tx, events: &[Event]) -> Result<(), HandlerError> {
    let Some(first) = events.first() else {
        return Ok(());
    };
    let mut bills = BTreeMap::<BillId, (Bill, Owed)>::new();
    let (mut posted, mut insurers) = (Vec::new(), Vec::new());
    for event in events {
        match told(event)? {
            Told::Bill(bill, insurance) => {
                let before = bills.get(&bill.bill).map(|(_, owed)| *owed);
                let mut owed = before.unwrap_or_default();
                owed.take_in(&bill, insurance, event.occur_time);
                bills.insert(bill.bill, (bill, owed));
            }
            Told::Posted(payment) => posted.push(payment),
            Told::Insurer(bill, decided) => insurers.push((bill, decided)),
            Told::Added(client) => ask_later(tx, event, client).await.map_err(failed)?,
            Told::Nothing => {}
        }
    }
    let practice = first.practice;
    let written = async {
        store::bills::upsert(tx, practice, &bills).await?;
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
        "evenkeel.billing.v1.ClientAdded" => {
            let added = event.decode::<ClientAdded>()?;
            return Ok(Told::Added(wire::billing::added(&added).map_err(failed)?));
        }
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

async fn ask_later(tx: &mut Tx, event: &Event, client: ClientId) -> crate::Result<()> {
    let policy = store::card_policies::get(tx, event.practice).await?;
    if !policy.ask_at_intake {
        return Ok(());
    }
    let due = Due {
        practice: event.practice,
        waiting: Waiting::Intake,
        subject: client.uuid(),
    };
    let time = event.occur_time.saturating_add(INTAKE_PAUSE);
    store::authorization_queue::upsert(tx, due, time.unwrap_or(Timestamp::MAX)).await
}
