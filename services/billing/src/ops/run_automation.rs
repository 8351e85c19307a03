use super::bill_pending::{Run, bill_pending};
use super::make_superbills::make_superbills;
use crate::domain::terms::{begins, day_after};
use crate::store::automation_queue::DueRun;
use crate::store::automation_runs::RunKey;
use crate::store::automation_sessions::{By, Pick};
use crate::store::practices::Practice;
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use jiff::{Timestamp, ToSpan as _};
use sqlx::PgConnection;

/// How long a night's report says what it left out.
const SKIPS_KEPT_DAYS: i64 = 90;

/// Bills what is pending for a night, or goes on with it, reports, makes the superbills of the month before that can be
/// made by now, and has the next night come. Errors: none of its own.
pub async fn run_automation(billing: &Billing, caller: &Caller, due: DueRun) -> Result<()> {
    caller.within(due.practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, due.practice).await?;
    let practice = store::practices::get(&mut tx, due.practice).await?;
    let terms = store::terms::of_practice(&mut tx, &practice, now).await?;
    let begin = begins(due.run_date, &practice.zone()?).ok_or(END_OF_TIME)?;
    if now < begin {
        // The practice has moved to another time zone since: the night is still to come.
        store::automation_queue::update(&mut tx, due, (due.run_date, begin)).await?;
        return Ok(tx.commit().await?);
    }
    let bills = terms.automation.is_automatic()
        || store::automation_sessions::any_client_is_automatic(&mut tx, due.practice).await?;
    tx.commit().await?;
    if bills {
        let pick = Pick {
            practice: due.practice,
            terms: &terms,
            by: By::Night(due.run_date),
        };
        bill_night(billing, caller, (&practice, due), (pick, now)).await?;
    }
    // After the night's bills, which may be the last of the month before.
    make_superbills(billing, caller, (&practice, due.run_date)).await?;
    let mut tx = pg::begin(&billing.db, due.practice).await?;
    come_again(&mut tx, &practice, due).await?;
    Ok(tx.commit().await?)
}

const END_OF_TIME: Error = Error::Stored("the end of time");

async fn bill_night(
    billing: &Billing,
    caller: &Caller,
    (practice, due): (&Practice, DueRun),
    (pick, now): (Pick<'_>, Timestamp),
) -> Result<()> {
    let begun = (due.run_date, now);
    let mut tx = pg::begin(&billing.db, due.practice).await?;
    let begun =
        store::automation_runs::begin(&mut tx, due.practice, begun, practice.currency).await?;
    tx.commit().await?;
    if begun.end_time.is_some() {
        return Ok(());
    }
    let run = Run {
        practice,
        key: RunKey::Night(due.run_date),
        run_date: due.run_date,
        pick,
        made_by: &caller.subject,
    };
    bill_pending(billing, run).await?;
    let mut tx = pg::begin(&billing.db, due.practice).await?;
    let ended = (due.run_date, billing.clock.now());
    if store::automation_runs::end(&mut tx, due.practice, ended).await? {
        let of = (pick, due.run_date);
        store::automation_skips::insert_of_night(&mut tx, of, begun.start_time).await?;
        let forget_before = due.run_date.saturating_sub(SKIPS_KEPT_DAYS.days());
        store::automation_skips::delete_old(&mut tx, due.practice, forget_before).await?;
    }
    Ok(tx.commit().await?)
}

/// The next night is due when it begins, or at once when that is past: nights that were missed run one after the other.
async fn come_again(conn: &mut PgConnection, practice: &Practice, due: DueRun) -> Result<()> {
    let next = day_after(due.run_date).ok_or(END_OF_TIME)?;
    let begin = begins(next, &practice.zone()?).ok_or(END_OF_TIME)?;
    Ok(store::automation_queue::update(conn, due, (next, begin)).await?)
}
