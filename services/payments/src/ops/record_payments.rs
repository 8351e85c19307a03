//! How payments from outside the processor are recorded, any number in one transaction: one by itself is a batch of one.
//!
//! The order of locks: what `requests_pkey` waits for, by request id; the practice's stream. What the rules need is only
//! read.

use super::known_bills::{self, Unknown};
use super::record_payment::NewPayment;
use crate::domain::charge::Presence;
use crate::domain::means::Means;
use crate::domain::method::offline_text;
use crate::domain::payment::PaymentState;
use crate::store::bills::Bill;
use crate::store::payments::Payment;
use crate::store::practices::Practice;
use crate::wire::event;
use crate::{Error, OUTBOX, Payments, REQUESTS, Result, store};
use ids::{BillId, ClientId, PaymentId, PracticeId};
use jiff::Timestamp;
use money::Money;
use pg::{Announcement, RequestError, RequestKey, Seen, Tx};
use std::collections::{BTreeMap, BTreeSet};

/// A payment that is to be recorded. What can be said of it without the database has been.
#[derive(Clone, Debug)]
pub(super) struct Recording {
    /// What makes it the same request again.
    pub(super) key: RequestKey,
    /// What is asked.
    pub(super) asked: NewPayment,
    /// billing has said that the practice has the client.
    pub(super) client_known: bool,
}

/// What one try came to.
pub(super) enum Tried {
    /// A repeat: it was recorded before.
    Before(Payment),
    /// It is recorded.
    Recorded(Payment),
    /// billing has to be asked first.
    Unknown(Unknown),
}

/// What is to be done about a payment.
enum Ruling {
    Record(Box<Payment>),
    Repeat(PaymentId),
    Ask(Unknown),
}

/// Records payments of one practice: each is answered in its place, and one that is refused keeps none of the others
/// from being recorded. Errors in their places: CURRENCY_MISMATCH, BILL_NOT_FOUND, BILL_CANCELLED, REQUEST_ID_REUSED.
pub(super) async fn record_payments(
    payments: &Payments,
    practice_id: PracticeId,
    batch: &[Recording],
) -> Result<Vec<Result<Tried>>> {
    let now = payments.clock.now();
    let mut tx = pg::begin_planned(&payments.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let known = Known::read(&mut tx, practice_id, batch).await?;
    let mut rulings: Vec<Result<Ruling>> = batch
        .iter()
        .map(|recording| {
            let payment = PaymentId::new(&payments.clock);
            rule(&practice, &known, recording, (payment, now))
        })
        .collect();
    replay(&mut tx, (practice_id, now), batch, &mut rulings).await?;

    let recorded: Vec<Payment> = rulings
        .iter()
        .filter_map(|ruling| match ruling {
            Ok(Ruling::Record(payment)) => Some(Payment::clone(payment)),
            Ok(Ruling::Repeat(_) | Ruling::Ask(_)) | Err(_) => None,
        })
        .collect();
    if !recorded.is_empty() {
        store::new_payments::insert(&mut tx, practice_id, now, &recorded).await?;
    }
    let events = recorded
        .iter()
        .map(|paid| event::payment_succeeded(&payments.clock, paid, None));
    let events: Vec<Announcement> = events.collect();
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    tx.commit().await?;
    // A twin in the same batch is there to be read by now.
    let before = repeated(payments, practice_id, &rulings).await?;
    let tried = |ruling: Result<Ruling>| {
        Ok(match ruling? {
            Ruling::Record(payment) => Tried::Recorded(*payment),
            Ruling::Ask(unknown) => Tried::Unknown(unknown),
            Ruling::Repeat(payment) => {
                let found = before.get(&payment).cloned();
                Tried::Before(found.ok_or(Error::Stored("a request without its payment"))?)
            }
        })
    };
    Ok(rulings.into_iter().map(tried).collect())
}

/// What is known of bills and clients before anything is recorded.
struct Known {
    bills: BTreeMap<BillId, Bill>,
    clients: BTreeSet<ClientId>,
}

impl Known {
    async fn read(tx: &mut Tx, practice: PracticeId, batch: &[Recording]) -> Result<Self> {
        let wanted = batch.iter().flat_map(|one| &one.asked.allocations);
        let wanted: BTreeSet<BillId> = wanted.map(|part| part.bill).collect();
        // Whoever has a bill in the batch is known by it.
        let clients = batch
            .iter()
            .filter(|one| one.asked.allocations.is_empty() && !one.client_known)
            .map(|one| one.asked.client);
        let clients: BTreeSet<ClientId> = clients.collect();
        let (wanted, clients) = (Vec::from_iter(wanted), Vec::from_iter(clients));
        let bills = store::bills::find_many(tx, practice, &wanted).await?;
        Ok(Self {
            bills: bills.into_iter().map(|bill| (bill.bill, bill)).collect(),
            clients: store::bills::known_clients(tx, practice, &clients).await?,
        })
    }
}

/// Whether a payment can be recorded, if it was not yet.
fn rule(
    practice: &Practice,
    known: &Known,
    recording: &Recording,
    (payment, now): (PaymentId, Timestamp),
) -> Result<Ruling> {
    let asked = &recording.asked;
    let amount = practice.in_currency(asked.amount, "amount")?;
    let wanted = asked.allocations.iter().map(|part| part.bill);
    let (mut bills, mut missing) = (Vec::new(), Vec::new());
    for bill in wanted {
        match known.bills.get(&bill) {
            Some(bill) => bills.push(bill),
            None => missing.push(bill),
        }
    }
    if !missing.is_empty() {
        return Ok(Ruling::Ask(Unknown::Bills(missing)));
    }
    known_bills::check(&bills, asked.client)?;
    let client_known =
        recording.client_known || !bills.is_empty() || known.clients.contains(&asked.client);
    if !client_known {
        return Ok(Ruling::Ask(Unknown::Client(asked.client)));
    }
    let receive_time = asked.receive_time.unwrap_or(now);
    Ok(Ruling::Record(Box::new(Payment {
        practice: practice.practice,
        payment,
        client: asked.client,
        kind: asked.kind,
        label: asked.label.clone(),
        amount,
        state: PaymentState::Succeeded,
        receive_time,
        receive_date: practice.local_date(receive_time)?,
        allocations: asked.allocations.clone(),
        refunded: Money::zero(practice.currency),
        method_text: offline_text(asked.kind, &asked.label, &asked.check_number),
        note: asked.note.clone(),
        decline: None,
        refusal: None,
        posted: false,
        presence: Presence::Staff,
        means: Means::offline(),
        processor_intent: None,
        create_time: now,
        refunds: Vec::new(),
        revision: 0,
        corrections: Vec::new(),
        closing: None,
    })))
}

/// Keeps the requests that can be carried out, and finds those that were: a repeat is answered as the first time,
/// whatever the rules say of it now. What is refused is not kept.
async fn replay(
    tx: &mut Tx,
    (practice, now): (PracticeId, Timestamp),
    batch: &[Recording],
    rulings: &mut [Result<Ruling>],
) -> Result<()> {
    let (mut new, mut others) = (Vec::new(), Vec::new());
    for (recording, ruling) in batch.iter().zip(rulings.iter()) {
        match ruling {
            Ok(Ruling::Record(payment)) => new.push((&recording.key, payment.payment.uuid())),
            Ok(Ruling::Repeat(_) | Ruling::Ask(_)) | Err(_) => others.push(&recording.key),
        }
    }
    let mut of_new = Vec::new().into_iter();
    if !new.is_empty() {
        let seen = REQUESTS.replayed_many(tx, practice, &new, now).await?;
        of_new = seen.into_iter();
    }
    let mut of_others = Vec::new().into_iter();
    if !others.is_empty() {
        let seen = REQUESTS.seen_many(tx, practice, &others).await?;
        of_others = seen.into_iter();
    }
    for ruling in rulings {
        let seen = match ruling {
            Ok(Ruling::Record(_)) => of_new.next(),
            Ok(Ruling::Repeat(_) | Ruling::Ask(_)) | Err(_) => of_others.next(),
        };
        match seen.flatten() {
            Some(Seen::Before(payment)) => *ruling = Ok(Ruling::Repeat(payment.into())),
            Some(Seen::Reused) => *ruling = Err(RequestError::Reused.into()),
            None => {}
        }
    }
    Ok(())
}

/// The payments of the repeats; in a transaction of its own, whose joins are planned for the practice.
async fn repeated(
    payments: &Payments,
    practice: PracticeId,
    rulings: &[Result<Ruling>],
) -> Result<BTreeMap<PaymentId, Payment>> {
    let repeats = rulings.iter().filter_map(|ruling| match ruling {
        Ok(Ruling::Repeat(payment)) => Some(*payment),
        Ok(Ruling::Record(_) | Ruling::Ask(_)) | Err(_) => None,
    });
    let repeats: Vec<PaymentId> = repeats.collect();
    if repeats.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut tx = pg::begin(&payments.db, practice).await?;
    let found = store::payments::find_many(&mut tx, practice, &repeats).await?;
    let by_id = found.into_iter().map(|payment| (payment.payment, payment));
    Ok(by_id.collect())
}
