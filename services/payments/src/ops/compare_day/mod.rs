//! A day of the processor's books against ours. First it is read, without a transaction; what its webhooks never told is
//! taken in as if they had; then what still differs is written down with the day, once.

mod records;
mod steps;

use super::read_payout::{read_payouts, read_unmatched};
use super::{accounts, read_dispute, read_payment, read_refund};
use crate::domain::comparison::{Compared, Movement, day, last_due};
use crate::store::comparisons::Night;
use crate::{Error, Payments, Result};
use ::rpc::Caller;
use ids::PracticeId;
use jiff::Timestamp;
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
    let accounts = accounts::all(payments, practice).await?;
    let mut seen = Seen::default();
    seen.add(payments, caller, practice, (span, None)).await?;
    for own in accounts.0.iter().filter(|it| it.disconnect_time.is_none()) {
        if let Some(account) = own.account.as_deref() {
            let here = (span, Some(account));
            seen.add(payments, caller, practice, here).await?;
        }
    }
    read_unmatched(payments, caller, practice).await?;
    let mut differences = Vec::new();
    for compared in &seen.compared {
        differences.extend(compared.difference()?);
    }
    for charged in records::charged_between(payments, practice, span).await? {
        // Of an account that was taken away nothing can be read.
        let readable = !accounts.was_taken_away(charged.account.as_deref());
        let shown = || seen.compared.iter().any(|it| it.object == charged.intent);
        if readable && !shown() {
            differences.extend(steps::charged(payments, &charged).await?);
        }
    }
    let moved = i64::try_from(seen.compared.len()).unwrap_or(i64::MAX);
    let counts = (moved, seen.mended);
    records::write(payments, (practice, date, &zone), counts, &differences).await
}

/// What the processor's books have of a day, beside ours.
#[derive(Default)]
struct Seen {
    compared: Vec<Compared>,
    /// What no webhook had told.
    mended: i64,
}

impl Seen {
    /// Adds what moved on an account: one of the practice's own; none: the installation's.
    async fn add(
        &mut self,
        payments: &Payments,
        caller: &Caller,
        practice: PracticeId,
        (span, account): ((Timestamp, Timestamp), Option<&str>),
    ) -> Result<()> {
        read_payouts(payments, caller, practice, (span.1, account)).await?;
        let moved = steps::list(payments, (span, account)).await?;
        let moved = records::of_practice(payments, practice, (moved, account)).await?;
        for transaction in &moved {
            let mut known = records::known(payments, practice, transaction).await?;
            if known.recorded.is_none() && take_in(payments, caller, (transaction, account)).await?
            {
                known = records::known(payments, practice, transaction).await?;
                self.mended += i64::from(known.recorded.is_some());
            }
            self.compared.push(beside(transaction, known));
        }
        Ok(())
    }
}

/// What a webhook would have told. False when there is nothing to take in.
async fn take_in(
    payments: &Payments,
    caller: &Caller,
    (transaction, account): (&BalanceTransaction, Option<&str>),
) -> Result<bool> {
    match &transaction.source {
        TransactionSource::Refund { refund, .. } => {
            read_refund(payments, caller, (refund, account)).await
        }
        TransactionSource::Dispute { dispute, .. } => {
            read_dispute(payments, caller, (dispute, account)).await
        }
        TransactionSource::Charge {
            payment_intent: Some(intent),
            ..
        } => match super::whose::payment_of(payments, (intent, account)).await? {
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
