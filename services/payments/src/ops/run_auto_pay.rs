//! A night of AutoPay for one practice. It can be interrupted anywhere and gone on with by another worker: bills are
//! chosen once per local day, each gets at most one payment in it, and a payment that was begun is finished by the steps
//! of a charge or by the reconciler.

use super::auto_pay::{Night, charge, select};
use crate::domain::autopay_settings::Settings;
use crate::store::autopay_queue::DueNight;
use crate::store::practices::Practice;
use crate::wire::autopay_event;
use crate::{AutoPayRefusal, Error, OUTBOX, Payments, Result, store};
use ::rpc::Caller;
use jiff::Timestamp;
use jiff::civil::Date;
use pg::Tx;

const END_OF_TIME: Error = Error::Stored("the end of time");

/// Runs a night, or goes on with it, reports, and has the next one come. Nights that were missed are not made good: one
/// run, for today, charges what is due. Errors: none of its own.
pub async fn run_auto_pay(payments: &Payments, caller: &Caller, due: DueNight) -> Result<()> {
    caller.within(due.practice)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, due.practice).await?;
    let practice = store::practices::get(&mut tx, due.practice).await?;
    let settings = store::autopay_settings::get(&mut tx, due.practice).await?;
    let begin = settings
        .begins(due.run_date, &practice.zone()?)
        .ok_or(END_OF_TIME)?;
    if now < begin {
        // The practice has another hour or time zone since: the night is still to come.
        store::autopay_queue::update(&mut tx, due, (due.run_date, begin)).await?;
        return Ok(tx.commit().await?);
    }
    if !settings.enabled {
        return come_again(payments, tx, (&practice, &settings), due).await;
    }
    let today = practice.local_date(now)?;
    if due.run_date < today {
        close(payments, &mut tx, due, (due.run_date, now)).await?;
    }
    let due = DueNight {
        run_date: today,
        ..due
    };
    let lease_end = super::auto_pay::lease_end(now);
    store::autopay_queue::update(&mut tx, due, (today, lease_end)).await?;
    let begun = (today, now);
    let run = store::autopay_runs::begin(&mut tx, due.practice, begun, practice.currency).await?;
    tx.commit().await?;

    let night = Night {
        due,
        practice: &practice,
        settings: &settings,
    };
    if run.end_time.is_none() {
        if !run.selected {
            select(payments, night).await?;
        }
        crate::crash::point("autopay_selected");
        charge(payments, night).await?;
        crate::crash::point("autopay_charged");
    }
    let mut tx = pg::begin(&payments.db, due.practice).await?;
    end(payments, &mut tx, due, (today, payments.clock.now())).await?;
    come_again(payments, tx, (&practice, &settings), due).await
}

/// What a night that was interrupted left is over with its day.
async fn close(
    payments: &Payments,
    tx: &mut Tx,
    due: DueNight,
    (run_date, now): (Date, Timestamp),
) -> Result<()> {
    let unfinished = store::autopay_runs::find(tx, due.practice, run_date).await?;
    if unfinished.is_some_and(|run| run.end_time.is_none()) {
        store::autopay_items::skip_rest(tx, due.practice, (run_date, now)).await?;
        end(payments, tx, due, (run_date, now)).await?;
    }
    Ok(())
}

/// Ends the run and tells of it, unless that was done. Errors: NIGHT_TAKEN_OVER.
async fn end(
    payments: &Payments,
    tx: &mut Tx,
    due: DueNight,
    (run_date, now): (Date, Timestamp),
) -> Result<()> {
    if !store::autopay_queue::is_ours(tx, due).await? {
        return Err(AutoPayRefusal::NightTakenOver.into());
    }
    if let Some(run) = store::autopay_runs::end(tx, due.practice, (run_date, now)).await? {
        let events = [autopay_event::run_ended(&payments.clock, &run)];
        OUTBOX.append(tx, due.practice, now, &events).await?;
    }
    Ok(())
}

/// The next night is tomorrow's.
async fn come_again(
    payments: &Payments,
    mut tx: Tx,
    (practice, settings): (&Practice, &Settings),
    due: DueNight,
) -> Result<()> {
    let today = practice.local_date(payments.clock.now())?;
    let next = settings
        .run_after(due.run_date.max(today), &practice.zone()?)
        .ok_or(END_OF_TIME)?;
    store::autopay_queue::update(&mut tx, due, next).await?;
    Ok(tx.commit().await?)
}
