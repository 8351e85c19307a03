//! The calls to billing and to the processor; no transaction begins here.

use super::records;
use crate::domain::acceptance::Acceptance;
use crate::domain::charge::first_hold;
use crate::domain::decline::Decline;
use crate::domain::payment::{PaymentState, Said};
use crate::domain::refusal::Refusal;
use crate::rpc::billing::Hold;
use crate::store::payments::Payment;
use crate::wire::processor::{declined, said};
use crate::{Error, Payments, Result, ops::unavailable};
use ids::{PaymentId, PracticeId};
use processor::{Confirmation, NewCustomer, NewIntent, Processor, ProcessorError};
use secrecy::SecretString;
use std::time::Duration;

/// How often a customer is asked for beyond the first time.
const CUSTOMER_TRIES: u32 = 4;
/// For a twin of the call to end.
const TWIN_PAUSE: Duration = Duration::from_millis(250);

/// Has billing set the money aside, or ends the payment when it will not. Errors: `Billing`.
pub(super) async fn hold(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<()> {
    let paid = records::payment(payments, practice, payment).await?;
    let until = first_hold(paid.presence, payments.clock.now());
    let held = payments.billing.place_hold(&paid, until).await?;
    crate::crash::point("after_hold");
    match held {
        Hold::Placed => records::held(payments, practice, payment).await,
        Hold::Refused(refusal) => records::refused(payments, practice, (payment, refusal)).await,
    }
}

/// Tells the processor whose the method will be. Under the payer's own key: another charge or set-up of the same payer
/// makes the same customer. What it said instead, when the account was taken away. Errors: PROCESSOR_UNAVAILABLE, with
/// nothing charged.
pub(super) async fn create_customer(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Option<Said>> {
    let (paid, known, key) = records::start_customer(payments, practice, payment).await?;
    crate::crash::point("before_customer");
    let customer = match known.processor_customer {
        Some(customer) => customer,
        None => {
            let new = NewCustomer {
                practice,
                payer_account: known.payer_account,
            };
            let processor = payments.at(paid.means.account.as_deref())?;
            match made_customer(&processor, new, &key).await {
                Ok(made) => made,
                Err(error @ ProcessorError::NotConnected { .. }) => {
                    return Ok(Some(taken_away(payment, &error)));
                }
                Err(error) => return Err(unavailable(&error)),
            }
        }
    };
    crate::crash::point("after_customer");
    records::customer(payments, (&paid, known.payer), &customer).await?;
    Ok(None)
}

/// A customer of the processor. A twin of the call, made by another charge of the payer, is waited for. The processor's
/// own failure is its answer as long as the key lives, so it is asked under another one: a customer whom nobody knows
/// harms nobody.
pub(in crate::ops) async fn made_customer(
    processor: &Processor,
    new: NewCustomer,
    key: &str,
) -> std::result::Result<String, ProcessorError> {
    let mut key = key.to_owned();
    for _ in 0..CUSTOMER_TRIES {
        match processor.create_customer(new, &key).await {
            Err(ProcessorError::Unknown {
                status: Some(409), ..
            }) => tokio::time::sleep(TWIN_PAUSE).await,
            Err(ProcessorError::Unknown {
                status: Some(500..),
                ..
            }) => key.push_str("-another"),
            made => return made,
        }
    }
    processor.create_customer(new, &key).await
}

/// Makes the processor's object, which takes no money, and keeps its id. What it said instead, when there is none.
/// Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn create_intent(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Option<Said>> {
    let (paid, key) = records::start_create(payments, practice, payment).await?;
    crate::crash::point("before_create");
    let intent = NewIntent {
        practice,
        payment,
        amount: paid.amount,
        customer: paid.means.customer.as_deref(),
        payment_method: None,
        keep_method: paid.means.save_for.is_some(),
    };
    let processor = payments.at(paid.means.account.as_deref())?;
    let made = processor.create_payment_intent(intent, &key).await;
    crate::crash::point("after_create");
    match made {
        Ok(made) => {
            records::created(payments, practice, (&paid, &made.id)).await?;
            crate::crash::point("after_create_commit");
            Ok(None)
        }
        // It will be answered so as long as the key lives, and what may have been made is never confirmed.
        Err(ProcessorError::Unknown {
            status: Some(500..),
            reason,
        }) => {
            tracing::warn!(%payment, reason, "the processor failed to begin a charge");
            Ok(Some(Said::declined(Decline::processing_error())))
        }
        // Without a confirmation no object takes money.
        Err(error @ ProcessorError::NotConnected { .. }) => Ok(Some(taken_away(payment, &error))),
        Err(error) => outcome(payment, error).map(Some),
    }
}

/// The account was taken away before anything could be charged on it.
fn taken_away(payment: PaymentId, error: &ProcessorError) -> Said {
    tracing::warn!(%payment, %error, "a charge ends, for its account was taken away");
    Said::refused(Refusal::AccountDisconnected)
}

/// Takes the money. Errors: PROCESSOR_UNAVAILABLE, with nothing taken.
pub(super) async fn confirm(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Said> {
    let start = records::start_confirm(payments, practice, payment).await?;
    let paid = &start.paid;
    let intent = intent_of(paid)?;
    crate::crash::point("before_confirm");
    let with = Confirmation {
        payment_method: paid.means.token.as_deref(),
        off_session: paid.presence.is_off_session(),
        acceptance: start.acceptance.as_ref().map(agreed),
        ..Confirmation::default()
    };
    let processor = payments.at(paid.means.account.as_deref())?;
    let confirmed = processor
        .confirm_payment_intent(intent, with, &start.key)
        .await;
    match confirmed {
        Ok(intent) => Ok(said(&intent)),
        // It has moved on: the object says where to.
        Err(ProcessorError::Rejected { code, .. }) if code.ends_with("_unexpected_state") => {
            let read = processor.get_payment_intent(intent).await;
            read.map(|intent| said(&intent))
                .or_else(|error| outcome(payment, error))
        }
        // What was confirmed before may have been charged: that is not known as long as nobody can ask.
        Err(error @ ProcessorError::NotConnected { .. }) if start.first => {
            Ok(taken_away(payment, &error))
        }
        Err(error) => outcome(payment, error),
    }
}

fn agreed(acceptance: &Acceptance) -> processor::Acceptance<'_> {
    let online = acceptance.online.as_ref();
    processor::Acceptance {
        time: acceptance.time,
        online: online.map(|at| (&*at.address, &*at.user_agent)),
    }
}

/// What the processor says of the payment now; none when it was not asked to charge it, or does not answer.
pub(super) async fn read(
    payments: &Payments,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Option<Said>> {
    let paid = records::payment(payments, practice, payment).await?;
    let Some(intent) = &paid.processor_intent else {
        return Ok(None);
    };
    let processor = payments.at(paid.means.account.as_deref())?;
    match processor.get_payment_intent(intent).await {
        Ok(intent) => Ok(Some(said(&intent))),
        Err(error) => Err(unavailable(&error)),
    }
}

/// Sees to it that nothing is charged any more. None when the processor knows nothing of the payment, or was never asked to
/// confirm it and the account was taken away.
pub(super) async fn cancel(
    payments: &Payments,
    practice: PracticeId,
    (payment, confirmed): (PaymentId, bool),
) -> Result<Option<Said>> {
    let paid = records::payment(payments, practice, payment).await?;
    let Some(intent) = &paid.processor_intent else {
        return Ok(None);
    };
    let key = format!("{payment}-cancel_intent");
    let processor = payments.at(paid.means.account.as_deref())?;
    crate::crash::point("before_cancel");
    let cancelled = processor.cancel_payment_intent(intent, &key).await;
    match cancelled {
        Ok(intent) => Ok(Some(said(&intent))),
        Err(ProcessorError::NotConnected { .. }) if !confirmed => Ok(None),
        // Charged or cancelled meanwhile.
        Err(ProcessorError::Rejected { .. }) => read(payments, practice, payment).await,
        Err(error) => Err(unavailable(&error)),
    }
}

/// What the payer's browser needs to confirm with the bank; none when it cannot be had now.
pub(in crate::ops) async fn client_secret(
    payments: &Payments,
    payment: &Payment,
) -> Option<SecretString> {
    let intent = payment.processor_intent.as_deref()?;
    let processor = payments.at(payment.means.account.as_deref()).ok()?;
    match processor.get_payment_intent(intent).await {
        Ok(intent) => intent.client_secret,
        Err(error) => {
            tracing::warn!(payment = %payment.payment, %error, "the payer cannot be sent to the bank yet");
            None
        }
    }
}

/// What an error means for the money. Errors: PROCESSOR_UNAVAILABLE, when nothing was done and the same may be asked
/// again.
fn outcome(payment: PaymentId, error: ProcessorError) -> Result<Said> {
    match error {
        ProcessorError::Declined(said) => Ok(declined(&said)),
        ProcessorError::Rejected {
            ref code,
            ref param,
            ..
        } => {
            tracing::warn!(%payment, %error, "the processor refused a charge");
            Ok(Said::declined(Decline::rejected(code, param.as_deref())))
        }
        ProcessorError::Unknown { .. } => {
            tracing::warn!(%payment, %error, "the outcome of a charge is not known yet");
            Ok(Said::only(PaymentState::Unknown))
        }
        ProcessorError::Busy { .. }
        | ProcessorError::Unauthorized { .. }
        | ProcessorError::NotConnected { .. } => Err(unavailable(&error)),
    }
}

fn intent_of(payment: &Payment) -> Result<&str> {
    payment
        .processor_intent
        .as_deref()
        .ok_or(Error::Stored("a confirmed charge without its object"))
}
