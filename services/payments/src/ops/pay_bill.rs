//! Three phases, each committed: the intent is written down, the money is set aside and charged, the outcome is
//! recorded. What is left half-way by a crash is found by the payer's repeat or by the reconciler.

use super::known_bills::{self, Unknown};
use super::{Shown, charge, get_payment, turn};
use crate::domain::allocation::Allocation;
use crate::domain::method::offline_text;
use crate::domain::payment::{PaymentKind, PaymentState};
use crate::store::payments::Payment;
use crate::store::processor_objects::Subject;
use crate::{Error, Missing, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{BillId, PaymentId, PracticeId};
use money::Money;
use pg::RequestKey;

/// A bill that is to be paid by card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayBill {
    /// The practice.
    pub practice: PracticeId,
    /// The bill.
    pub bill: BillId,
    /// Above 0.
    pub amount: Money,
    /// The processor's token, `pm_…`.
    pub processor_method: String,
}

/// What one try of the first transaction came to.
enum Tried {
    /// It is written down, and ours to go on with when true.
    Begun(PaymentId, bool),
    /// billing has to be asked first.
    Unknown(Unknown),
}

/// Charges a card for a bill. Errors: as PaymentService.PayBill says; a decline is none.
pub async fn pay_bill(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: PayBill,
) -> Result<Shown> {
    let (practice, bill) = (asked.practice, asked.bill);
    caller.within(practice)?;
    caller
        .sees_bill(bill)
        .map_err(|_| Error::Missing(Missing::Bill(bill)))?;
    let (payment, ours) = loop {
        match begin(payments, key, &asked).await? {
            Tried::Begun(payment, ours) => break (payment, ours),
            Tried::Unknown(unknown) => known_bills::learn(payments, practice, unknown).await?,
        }
    };
    crate::crash::point("after_intent");
    if ours {
        charge::go_on(payments, practice, payment).await?;
    }
    let shown = get_payment(payments, caller, practice, payment).await?;
    match shown.payment.refusal {
        Some(refusal) => Err(Error::Refused(refusal, bill)),
        None => Ok(shown),
    }
}

/// Writes the intent down, leased to this request. A repeat takes the lease when nobody has it.
async fn begin(payments: &Payments, key: &RequestKey, asked: &PayBill) -> Result<Tried> {
    let (practice_id, now) = (asked.practice, payments.clock.now());
    let payment = PaymentId::new(&payments.clock);
    let turn = turn(payments, now);
    let mut tx = pg::begin(&payments.db, practice_id).await?;
    let before = REQUESTS.replayed(&mut tx, key, payment.uuid(), now).await?;
    if let Some(first) = before {
        let subject = Subject::Payment(first.into());
        let ours = store::unsettled::claim(&mut tx, subject, now, turn.lease_end).await?;
        tx.commit().await?;
        return Ok(Tried::Begun(first.into(), ours));
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    if !practice.online_payments {
        return Err(Error::OnlinePaymentsOff);
    }
    let amount = practice.in_currency(asked.amount, "amount")?;
    let client = match known_bills::find(&mut tx, practice_id, &[asked.bill]).await? {
        Ok(bills) => bills.first().map(|bill| bill.client),
        Err(unknown) => return Ok(Tried::Unknown(unknown)),
    };
    let intent = Payment {
        practice: practice_id,
        payment,
        client: client.ok_or(Error::Missing(Missing::Bill(asked.bill)))?,
        kind: PaymentKind::Card,
        label: String::new(),
        amount,
        state: PaymentState::Created,
        // The moment in which the payer paid, whenever we get to know that it went well.
        receive_time: now,
        receive_date: practice.local_date(now)?,
        allocations: vec![Allocation {
            bill: asked.bill,
            amount,
        }],
        refunded: Money::zero(practice.currency),
        method_text: offline_text(PaymentKind::Card, "", ""),
        note: String::new(),
        decline: None,
        refusal: None,
        posted: false,
        processor_method: Some(asked.processor_method.clone()),
        processor_intent: None,
        create_time: now,
        refunds: Vec::new(),
    };
    store::payments::insert(&mut tx, practice_id, now, std::slice::from_ref(&intent)).await?;
    store::unsettled::insert(&mut tx, practice_id, Subject::Payment(payment), turn).await?;
    tx.commit().await?;
    Ok(Tried::Begun(payment, true))
}
