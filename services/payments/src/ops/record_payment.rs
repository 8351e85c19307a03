use super::known_bills::{self, Unknown};
use crate::domain::allocation::{self, Allocation};
use crate::domain::charge::Presence;
use crate::domain::means::Means;
use crate::domain::method::offline_text;
use crate::domain::payment::{PaymentKind, PaymentState};
use crate::store::payments::Payment;
use crate::wire::event;
use crate::{Error, OUTBOX, Payments, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{BillId, ClientId, PaymentId, PracticeId};
use jiff::Timestamp;
use money::Money;
use pg::RequestKey;

/// Money that came outside the processor.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPayment {
    /// The practice.
    pub practice: PracticeId,
    /// Whose.
    pub client: ClientId,
    /// An offline kind.
    pub kind: PaymentKind,
    /// Name of an other payment.
    pub label: String,
    /// Above 0.
    pub amount: Money,
    /// For which bills; the rest becomes credit.
    pub allocations: Vec<Allocation>,
    /// When it came; none is now.
    pub receive_time: Option<Timestamp>,
    /// Printed on the receipt; empty for none.
    pub check_number: String,
    /// For the practice.
    pub note: String,
}

/// What one try of the transaction came to.
enum Tried {
    /// A repeat: it was recorded before.
    Before(Payment),
    /// It is recorded.
    Recorded(Payment),
    /// billing has to be asked first.
    Unknown(Unknown),
}

/// Records an offline payment. Errors: as PaymentService.RecordPayment says.
pub async fn record_payment(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: NewPayment,
) -> Result<Payment> {
    caller.within(asked.practice)?;
    let now = payments.clock.now();
    check(&asked, now)?;
    let mut client_known = false;
    loop {
        match record(payments, key, &asked, (client_known, now)).await? {
            Tried::Before(payment) => return Ok(payment),
            Tried::Recorded(mut payment) => {
                crate::crash::point("after_record");
                payment.posted = payments.billing.post_payment(&payment).await;
                return Ok(payment);
            }
            Tried::Unknown(unknown) => {
                client_known |= matches!(unknown, Unknown::Client(_));
                known_bills::learn(payments, asked.practice, unknown).await?;
            }
        }
    }
}

/// Errors: INVALID_FIELD, RECEIVED_IN_FUTURE, ALLOCATIONS_EXCEED_AMOUNT, CURRENCY_MISMATCH.
fn check(asked: &NewPayment, now: Timestamp) -> Result<()> {
    if asked.kind == PaymentKind::Other && asked.label.is_empty() {
        return Err(Invalid::new("label", "must be given for an other payment").into());
    }
    if !asked.check_number.is_empty() && asked.kind != PaymentKind::Check {
        return Err(Invalid::new("check_number", "must be left out unless it is a check").into());
    }
    if asked.receive_time.is_some_and(|time| time > now) {
        return Err(Error::ReceivedInFuture);
    }
    Ok(allocation::check(asked.amount, &asked.allocations)?)
}

async fn record(
    payments: &Payments,
    key: &RequestKey,
    asked: &NewPayment,
    (client_known, now): (bool, Timestamp),
) -> Result<Tried> {
    let practice_id = asked.practice;
    let payment = PaymentId::new(&payments.clock);
    let mut tx = pg::begin(&payments.db, practice_id).await?;
    let before = REQUESTS.replayed(&mut tx, key, payment.uuid(), now).await?;
    if let Some(first) = before {
        let first = store::payments::get(&mut tx, practice_id, first.into()).await?;
        return Ok(Tried::Before(first));
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let amount = practice.in_currency(asked.amount, "amount")?;
    let wanted: Vec<BillId> = asked.allocations.iter().map(|part| part.bill).collect();
    match known_bills::find(&mut tx, practice_id, &wanted).await? {
        Ok(bills) => known_bills::check(&bills, asked.client)?,
        Err(unknown) => return Ok(Tried::Unknown(unknown)),
    }
    let by_bill = client_known || !wanted.is_empty();
    if !by_bill && !store::bills::has_client(&mut tx, practice_id, asked.client).await? {
        return Ok(Tried::Unknown(Unknown::Client(asked.client)));
    }
    let receive_time = asked.receive_time.unwrap_or(now);
    let recorded = Payment {
        practice: practice_id,
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
    };
    let written = std::slice::from_ref(&recorded);
    store::new_payments::insert(&mut tx, practice_id, now, written).await?;
    let events = [event::payment_succeeded(&payments.clock, &recorded)];
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    tx.commit().await?;
    Ok(Tried::Recorded(recorded))
}
