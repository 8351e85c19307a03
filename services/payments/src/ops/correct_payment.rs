use crate::store::payments::Payment;
use crate::{Error, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
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
}

/// Corrects the note and the time of an offline payment; no other service knows either. Errors: as
/// PaymentService.CorrectPayment says.
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
    if payment.kind.is_online() {
        return Err(Error::PaymentIsOnline(id));
    }
    if etag(&payment) != asked.etag {
        return Err(Error::EtagMismatch(id));
    }
    let receive_time = asked.receive_time.unwrap_or(payment.receive_time);
    if receive_time > now {
        return Err(Error::ReceivedInFuture);
    }
    if practice.local_date(receive_time)? != payment.receive_date {
        return Err(Error::BookedOnAnotherDay(id, payment.receive_date));
    }
    let fresh = (&*asked.note, receive_time);
    store::corrections::correct(&mut tx, &payment, fresh, (&caller.subject, now)).await?;
    let corrected = store::payments::get(&mut tx, practice_id, id).await?;
    tx.commit().await?;
    Ok(corrected)
}

/// Changes with every correction.
pub(crate) fn etag(payment: &Payment) -> String {
    format!("r{}", payment.revision)
}
