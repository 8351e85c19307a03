//! What is written between the steps of a charge, each in a transaction of its own.

use crate::domain::acceptance::Acceptance;
use crate::domain::charge::{Charge, RETRY_PATIENCE};
use crate::domain::payer::Payer;
use crate::domain::payment::PaymentState;
use crate::domain::refusal::Refusal;
use crate::ops::payer_customer;
use crate::store::attempts::Call;
use crate::store::charges::Standing;
use crate::store::customers::Customer;
use crate::store::payments::Payment;
use crate::store::processor_objects::Subject;
use crate::{Error, Payments, Result, store};
use ids::{PaymentId, PracticeId};
use pg::Tx;

const fn nobody() -> Error {
    Error::Stored("a method that becomes nobody's")
}

pub(super) async fn charge(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Charge> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::charges::get(&mut tx, practice, payment).await
}

/// The practice's own account that a payment is made on.
pub(super) async fn account(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Option<String>> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::charges::find_account(&mut tx, practice, payment).await
}

pub(super) async fn payment(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Payment> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::payments::get(&mut tx, practice, payment).await
}

/// billing has set the money aside.
pub(super) async fn held(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<()> {
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::charges::update_held(&mut tx, practice, payment, now).await?;
    Ok(tx.commit().await?)
}

/// billing set nothing aside: the payment ends before anything was charged.
pub(super) async fn refused(
    payments: &Payments,
    practice: PracticeId,
    (payment, refusal): (PaymentId, Refusal),
) -> Result<()> {
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let locked = store::payments::lock(&mut tx, practice, payment).await?;
    if locked.state == PaymentState::Created {
        let standing = Standing {
            state: PaymentState::Cancelled,
            decline: None,
            refusal: Some(refusal),
            kind: locked.kind,
            method_text: &locked.method_text,
            funding: locked.means.funding,
            method: locked.means.method,
        };
        store::charges::update_standing(&mut tx, &locked, standing, now).await?;
        store::unsettled::delete(&mut tx, Subject::Payment(payment)).await?;
    }
    Ok(tx.commit().await?)
}

/// The payer whose the method becomes, as the processor knows it, and under which key it is told of them.
pub(super) async fn start_customer(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<(Payment, Customer, String)> {
    let paid = self::payment(payments, practice, payment).await?;
    let payer = paid.means.save_for.ok_or_else(nobody)?;
    let whose = (payer, paid.means.account.as_deref());
    let (customer, key) = payer_customer::start(payments, practice, whose).await?;
    Ok((paid, customer, key))
}

/// Keeps the payer's customer, for this charge and for others to come.
pub(super) async fn customer(
    payments: &Payments,
    (paid, payer): (&Payment, Payer),
    customer: &str,
) -> Result<()> {
    let (practice, now) = (paid.practice, payments.clock.now());
    let whose = (payer, paid.means.account.as_deref());
    let mut tx = pg::begin(&payments.db, practice).await?;
    let kept = payer_customer::finish(payments, &mut tx, practice, whose, customer).await?;
    store::charges::update_customer(&mut tx, practice, (paid.payment, &kept), now).await?;
    Ok(tx.commit().await?)
}

/// Writes down that the processor's object is asked for, and under which key.
pub(super) async fn start_create(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<(Payment, String)> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    let (paid, key, _) = start(payments, &mut tx, (practice, payment, Call::CreateIntent)).await?;
    tx.commit().await?;
    Ok((paid, key))
}

/// A confirmation that is written down.
pub(super) struct Confirming {
    /// The payment.
    pub(super) paid: Payment,
    /// That its payer agrees to a debit.
    pub(super) acceptance: Option<Acceptance>,
    /// Under which it is asked for.
    pub(super) key: String,
    /// Nobody asked for it before.
    pub(super) first: bool,
}

/// Writes down that the money is taken. All that the call says is read before that is committed: once it is, nobody knows
/// whether the call was made.
pub(super) async fn start_confirm(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Confirming> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    let acceptance = store::acceptances::find(&mut tx, practice, payment).await?;
    let call = (practice, payment, Call::ConfirmIntent);
    let (paid, key, first) = start(payments, &mut tx, call).await?;
    tx.commit().await?;
    Ok(Confirming {
        paid,
        acceptance,
        key,
        first,
    })
}

async fn start(
    payments: &Payments,
    tx: &mut Tx,
    (practice, payment, call): (PracticeId, PaymentId, Call),
) -> Result<(Payment, String, bool)> {
    let (now, key) = (payments.clock.now(), call.key(payment));
    let paid = store::payments::get(tx, practice, payment).await?;
    let which = (payment.uuid(), call);
    let started = store::attempts::start(tx, practice, which, &key, now).await?;
    Ok((paid, key, started.first))
}

/// Keeps the processor's object, before it is confirmed.
pub(super) async fn created(
    payments: &Payments,
    practice: PracticeId,
    (paid, intent): (&Payment, &str),
) -> Result<()> {
    let payment = paid.payment;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let made = (payment.uuid(), Call::CreateIntent);
    store::attempts::finish(&mut tx, practice, made, now).await?;
    store::charges::update_intent(&mut tx, practice, (payment, intent), now).await?;
    let subject = Subject::Payment(payment);
    let object = (intent, paid.means.account.as_deref());
    store::processor_objects::insert(&mut tx, practice, object, subject).await?;
    Ok(tx.commit().await?)
}

/// Gives the lease back; a payment that has ended has none. With `parked` whoever waited was told that nothing is charged
/// now, and the reconciler gives it up when they do not ask again.
pub(super) async fn release(
    payments: &Payments,
    practice: PracticeId,
    (payment, parked): (PaymentId, bool),
) -> Result<()> {
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let due = now.saturating_add(RETRY_PATIENCE).ok();
    if parked {
        store::charges::update_parked(&mut tx, practice, payment, (Some(now), now)).await?;
    }
    let due = due.filter(|_| parked);
    store::unsettled::release(&mut tx, Subject::Payment(payment), due).await?;
    Ok(tx.commit().await?)
}
