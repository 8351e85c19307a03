use super::{accounts, give_back, payers, turn};
use crate::domain::payment::PaymentState;
use crate::domain::refund::{RefundState, goes_back, refunded_with};
use crate::store::payments::Payment;
use crate::store::processor_objects::Subject;
use crate::store::refunds::Refund;
use crate::wire::event;
use crate::{Error, Missing, OUTBOX, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{PaymentId, PracticeId, RefundId};
use money::Money;
use pg::RequestKey;

/// Money that is to go back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefund {
    /// The practice.
    pub practice: PracticeId,
    /// The payment; succeeded.
    pub payment: PaymentId,
    /// Above 0.
    pub amount: Money,
    /// Kept, and told to the client.
    pub reason: String,
    /// It becomes the client's credit.
    pub to_credit: bool,
}

/// What the first transaction came to.
enum Begun {
    /// It was recorded, and nothing else has to be done than to tell billing.
    Recorded(RefundId),
    /// The processor has to send it; it is ours to do so.
    ToSend(RefundId),
    /// A repeat that somebody else works on, or that has ended.
    Before(RefundId),
}

/// Gives back all or part of a payment. What the processor cannot be asked now goes back later. Errors: as
/// PaymentService.RefundPayment says.
pub async fn refund_payment(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: NewRefund,
) -> Result<(Refund, Payment)> {
    caller.within(asked.practice)?;
    let begun = begin(payments, key, &asked).await?;
    crate::crash::point("after_refund_intent");
    let refund = match begun {
        Begun::Before(refund) => refund,
        Begun::Recorded(refund) => refund,
        Begun::ToSend(refund) => {
            match give_back::go_on(payments, asked.practice, refund).await {
                // It is written down and will be sent; its state says how far it has come.
                Ok(()) | Err(Error::ProcessorUnavailable { .. }) => refund,
                Err(error) => return Err(error),
            }
        }
    };
    let mut tx = pg::begin(&payments.db, asked.practice).await?;
    let payment = store::payments::get(&mut tx, asked.practice, asked.payment).await?;
    drop(tx);
    let mut refunds = payment.refunds.iter();
    let given = refunds
        .find(|it| it.refund == refund)
        .cloned()
        .ok_or(Error::Missing(Missing::Refund(refund)))?;
    if matches!(begun, Begun::Recorded(_)) {
        payments.billing.post_refund(asked.practice, &given).await;
    }
    Ok((given, payment))
}

/// Counts the refund against the payment, under its lock.
async fn begin(payments: &Payments, key: &RequestKey, asked: &NewRefund) -> Result<Begun> {
    let (practice_id, now) = (asked.practice, payments.clock.now());
    let refund = RefundId::new(&payments.clock);
    let turn = turn(payments, now);
    let mut tx = pg::begin(&payments.db, practice_id).await?;
    let before = REQUESTS.replayed(&mut tx, key, refund.uuid(), now).await?;
    if let Some(first) = before.map(RefundId::from) {
        let subject = Subject::Refund(first);
        let ours = store::unsettled::claim(&mut tx, subject, now, turn.lease_end).await?;
        tx.commit().await?;
        return Ok(if ours {
            Begun::ToSend(first)
        } else {
            Begun::Before(first)
        });
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let amount = practice.in_currency(asked.amount, "amount")?;
    let payment = store::payments::lock(&mut tx, practice_id, asked.payment).await?;
    if payment.state != PaymentState::Succeeded {
        return Err(Error::PaymentNotSucceeded(payment.payment));
    }
    if store::disputes::bars_refunds(&mut tx, practice_id, payment.payment).await? {
        return Err(Error::Disputed(payment.payment));
    }
    let refunded = refunded_with(payment.amount, payment.refunded, amount)?;
    let sent = payment.kind.is_online() && !asked.to_credit;
    if sent && !goes_back(payment.kind, payment.receive_time, now) {
        return Err(Error::RefundTooLate(payment.payment));
    }
    if sent {
        let account = payment.means.account.as_deref();
        accounts::check_not_taken_away(&mut tx, practice_id, account).await?;
    }
    let given = Refund {
        refund,
        payment: payment.payment,
        amount,
        reason: asked.reason.clone(),
        to_credit: asked.to_credit,
        state: if sent {
            RefundState::Created
        } else {
            RefundState::Succeeded
        },
        refund_date: practice.local_date(now)?,
        processor_refund: None,
        made_at_processor: false,
        create_time: now,
        closing: None,
    };
    store::refunds::insert(&mut tx, practice_id, &given).await?;
    store::payments::update_refunded(&mut tx, &payment, refunded, now).await?;
    if sent {
        store::unsettled::insert(&mut tx, practice_id, Subject::Refund(refund), turn).await?;
        tx.commit().await?;
        return Ok(Begun::ToSend(refund));
    }
    let paid = (&payment, payers::of_payment(&mut tx, &payment).await?);
    let events = [event::refund_succeeded(&payments.clock, paid, &given)];
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    tx.commit().await?;
    Ok(Begun::Recorded(refund))
}
