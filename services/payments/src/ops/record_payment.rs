use super::known_bills::{self, Unknown};
use super::record_payments::{Recording, Tried, record_payments};
use crate::domain::allocation::{self, Allocation};
use crate::domain::payment::PaymentKind;
use crate::store::payments::Payment;
use crate::{Error, Payments, Result};
use ::rpc::{Caller, Invalid, rerun};
use ids::{ClientId, PracticeId};
use jiff::Timestamp;
use money::Money;
use pg::{Group, RequestKey};

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

/// Offline payments that are recorded at once, to share a transaction.
#[derive(Clone, Default)]
pub struct Recordings(Group<Recording, Tried, Error>);

/// Records an offline payment. Those of a practice that are recorded at once share a transaction. Errors: as
/// PaymentService.RecordPayment says.
pub async fn record_payment(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: NewPayment,
) -> Result<Payment> {
    caller.within(asked.practice)?;
    check(&asked, payments.clock.now())?;
    let practice = asked.practice;
    let mut recording = Recording {
        key: key.clone(),
        asked,
        client_known: false,
    };
    loop {
        match record(payments, practice, &recording).await? {
            Tried::Before(payment) => return Ok(payment),
            Tried::Recorded(mut payment) => {
                crate::crash::point("after_record");
                payment.posted = payments.billing.post_payment(&payment, None).await;
                return Ok(payment);
            }
            Tried::Unknown(unknown) => {
                recording.client_known |= matches!(unknown, Unknown::Client(_));
                known_bills::learn(payments, practice, unknown).await?;
            }
        }
    }
}

/// With the others that come now.
async fn record(payments: &Payments, practice: PracticeId, recording: &Recording) -> Result<Tried> {
    let service = payments.clone();
    let together = move |batch: Vec<Recording>| {
        let payments = service.clone();
        async move { rerun(|| record_payments(&payments, practice, &batch)).await }
    };
    let Recordings(group) = &payments.recordings;
    if let Some(answer) = group.join(practice, recording.clone(), together).await? {
        return answer;
    }
    let alone = std::slice::from_ref(recording);
    let mut answers = record_payments(payments, practice, alone).await?;
    let answer = answers.pop();
    answer.ok_or(Error::Stored("a payment without an answer"))?
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
