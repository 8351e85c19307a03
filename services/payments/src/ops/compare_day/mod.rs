//! A day of the processor's books against ours. First it is read, without a transaction; what its webhooks never told is
//! taken in as if they had; then what still differs is written down with the day, once.

mod records;
mod steps;

use super::read_payout::read_payouts;
use super::{read_dispute, read_payment, read_refund};
use crate::domain::comparison::{Compared, Movement, day, last_due};
use crate::store::comparisons::Night;
use crate::{Error, Payments, Result};
use ::rpc::Caller;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use processor::{BalanceTransaction, TransactionSource};
use records::Known;

/// Compares the practice's next day that is due, and puts the one after it into the queue. Nothing when none is due yet.
/// Errors: PROCESSOR_UNAVAILABLE.
pub async fn compare_day(payments: &Payments, caller: &Caller, night: Night) -> Result<()> {
    let practice = night.practice;
    caller.within(practice)?;
    let zone = records::time_zone(payments, practice).await?;
    let due = last_due(payments.clock.now(), &zone).map_err(|_| out_of_time())?;
    let date = night.date.unwrap_or(due);
    if date > due {
        return records::wait_for(payments, practice, (date, &zone)).await;
    }
    let span = day(date, &zone).map_err(|_| out_of_time())?;
    let moved = steps::list(payments, span).await?;
    let moved = records::of_practice(payments, practice, moved).await?;
    let mut compared = Vec::with_capacity(moved.len());
    let mut mended = 0;
    for transaction in &moved {
        let mut known = records::known(payments, practice, transaction).await?;
        if known.recorded.is_none() && take_in(payments, caller, transaction).await? {
            known = records::known(payments, practice, transaction).await?;
            mended += i64::from(known.recorded.is_some());
        }
        compared.push(beside(transaction, known));
    }
    read_payouts(payments, caller, span.1).await?;
    let mut differences = Vec::new();
    for compared in &compared {
        differences.extend(compared.difference()?);
    }
    for charged in records::charged_between(payments, practice, span).await? {
        if !compared.iter().any(|compared| compared.object == charged.1) {
            differences.extend(steps::charged(payments, &charged).await?);
        }
    }
    let counts = (i64::try_from(moved.len()).unwrap_or(i64::MAX), mended);
    records::write(payments, (practice, date, &zone), counts, &differences).await
}

/// What a webhook would have told. False when there is nothing to take in.
async fn take_in(
    payments: &Payments,
    caller: &Caller,
    transaction: &BalanceTransaction,
) -> Result<bool> {
    match &transaction.source {
        TransactionSource::Refund { refund, .. } => read_refund(payments, caller, refund).await,
        TransactionSource::Dispute { dispute, .. } => read_dispute(payments, caller, dispute).await,
        TransactionSource::Charge {
            payment_intent: Some(intent),
            ..
        } => match super::whose::payment_of(payments, intent).await? {
            Some((practice, payment)) => {
                read_payment(payments, caller, practice, payment).await?;
                Ok(true)
            }
            None => Ok(false),
        },
        TransactionSource::Charge {
            payment_intent: None,
            ..
        }
        | TransactionSource::Other => Ok(false),
    }
}

fn beside(transaction: &BalanceTransaction, known: Known) -> Compared {
    let (movement, object) = match &transaction.source {
        TransactionSource::Refund { refund, .. } => (Movement::Refund, refund.clone()),
        TransactionSource::Dispute { dispute, .. } => (Movement::Dispute, dispute.clone()),
        TransactionSource::Charge {
            payment_intent: Some(intent),
            ..
        } => (Movement::Charge, intent.clone()),
        TransactionSource::Charge {
            payment_intent: None,
            ..
        }
        | TransactionSource::Other => (Movement::Charge, transaction.id.clone()),
    };
    Compared {
        movement,
        object,
        payment: known.payment,
        found: transaction.amount,
        recorded: known.recorded,
    }
}

const fn out_of_time() -> Error {
    Error::Stored("a day that no calendar has")
}

/// A zone and the day in it that is compared.
type Day<'a> = (Date, &'a TimeZone);
