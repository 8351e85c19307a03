use crate::domain::method::offline_text;
use crate::domain::payment::PaymentKind;
use crate::domain::refund::earliest_day;
use crate::store::payments::Payment;
use crate::store::practices::Practice;
use crate::wire::event;
use crate::{Error, OUTBOX, Payments, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{PaymentId, PracticeId};
use jiff::Timestamp;
use pg::RequestKey;

/// How an offline payment is corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectPayment {
    /// The practice.
    pub practice: PracticeId,
    /// The payment.
    pub payment: PaymentId,
    /// As it was read.
    pub etag: String,
    /// As it is to be.
    pub note: String,
    /// When it came; none as it is.
    pub receive_time: Option<Timestamp>,
    /// Of a check, empty for none; none as it is.
    pub check_number: Option<String>,
}

/// Corrects the note, the time and the check number of an offline payment. billing, and who follows it, learn of another
/// day or check by the event, after they have heard of the payment itself. Errors: as PaymentService.CorrectPayment says.
pub async fn correct_payment(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: CorrectPayment,
) -> Result<Payment> {
    caller.within(asked.practice)?;
    let now = payments.clock.now();
    let (practice_id, id) = (asked.practice, asked.payment);
    let mut tx = pg::begin(&payments.db, practice_id).await?;
    let before = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await?;
    if let Some(first) = before {
        return store::payments::get(&mut tx, practice_id, first.into()).await;
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let payment = store::payments::lock(&mut tx, practice_id, id).await?;
    let after = corrected(&practice, &payment, (&asked, now))?;
    let by = (&*caller.subject, now);
    let revision = store::corrections::correct(&mut tx, &after, by).await?;
    let corrected = store::payments::get(&mut tx, practice_id, id).await?;
    let told =
        after.receive_date != payment.receive_date || after.method_text != payment.method_text;
    if told {
        let events = [event::payment_corrected(
            &payments.clock,
            &corrected,
            revision,
        )];
        OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    }
    tx.commit().await?;
    Ok(corrected)
}

/// The payment as it is to be. Errors: PAYMENT_IS_ONLINE, ETAG_MISMATCH, INVALID_FIELD, RECEIVED_IN_FUTURE,
/// REFUNDED_BEFORE.
fn corrected(
    practice: &Practice,
    payment: &Payment,
    (asked, now): (&CorrectPayment, Timestamp),
) -> Result<Payment> {
    if payment.kind.is_online() {
        return Err(Error::PaymentIsOnline(payment.payment));
    }
    if etag(payment) != asked.etag {
        return Err(Error::EtagMismatch(payment.payment));
    }
    let method_text = match &asked.check_number {
        None => payment.method_text.clone(),
        Some(number) if payment.kind == PaymentKind::Check => {
            offline_text(payment.kind, &payment.label, number)
        }
        Some(_) => {
            return Err(
                Invalid::new("check_number", "must be left out unless it is a check").into(),
            );
        }
    };
    let receive_time = asked.receive_time.unwrap_or(payment.receive_time);
    if receive_time > now {
        return Err(Error::ReceivedInFuture);
    }
    let receive_date = match asked.receive_time {
        Some(time) => practice.local_date(time)?,
        None => payment.receive_date,
    };
    let refunds = payment.refunds.iter().map(|it| (it.state, it.refund_date));
    if let Some(given_back) = earliest_day(refunds).filter(|day| *day < receive_date) {
        return Err(Error::RefundedBefore(payment.payment, given_back));
    }
    Ok(Payment {
        note: asked.note.clone(),
        receive_time,
        receive_date,
        method_text,
        ..payment.clone()
    })
}

/// Changes with every correction.
pub(crate) fn etag(payment: &Payment) -> String {
    format!("r{}", payment.revision)
}
