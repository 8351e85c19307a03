//! Runs of automation and what they left out. A run's row is locked by whoever adds to it.

use super::currency;
use crate::{Error, Result};
use ids::{ClientId, PracticeId, SessionId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;

/// One night's work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The day that began.
    pub run_date: Date,
    /// When it was started.
    pub start_time: Timestamp,
    /// When it was done; none while it goes on.
    pub end_time: Option<Timestamp>,
    /// Bills made.
    pub bills: i64,
    /// Sessions on them.
    pub sessions: i64,
    /// Their sum.
    pub total: Money,
    /// Unbilled sessions left out.
    pub skips: i64,
}

/// Begins the run of a day, unless it was begun; answers it as it stands.
pub async fn begin(
    conn: &mut PgConnection,
    practice: PracticeId,
    (run_date, now): (Date, Timestamp),
    currency: Currency,
) -> Result<Run> {
    sqlx::query!(
        r#"
        insert into billing.automation_runs (practice_id, run_date, start_time, currency)
        values ($1, $2, $3, $4)
        on conflict on constraint automation_runs_pkey do nothing
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        currency.code(),
    )
    .execute(&mut *conn)
    .await?;
    let begun = list(conn, practice, (Some(run_date), None), 1).await?.pop();
    begun.ok_or(Error::Stored("a run that was begun and is not there"))
}

/// What a part of a run made.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// Bills.
    pub bills: i64,
    /// Sessions on them.
    pub sessions: i64,
    /// Their sum.
    pub total: Money,
}

/// Adds to a run.
pub async fn add(
    conn: &mut PgConnection,
    practice: PracticeId,
    run_date: Date,
    made: Made,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.automation_runs
        set
            bill_count = bill_count + $3,
            session_count = session_count + $4,
            total_minor = total_minor + $5
        where practice_id = $1 and run_date = $2
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        made.bills,
        made.sessions,
        made.total.minor(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a run; false when somebody else has.
pub async fn end(
    conn: &mut PgConnection,
    practice: PracticeId,
    (run_date, now): (Date, Timestamp),
) -> Result<bool, sqlx::Error> {
    let ended = sqlx::query!(
        r#"
        update billing.automation_runs
        set end_time = greatest($3, start_time)
        where practice_id = $1 and run_date = $2 and end_time is null
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Notes how many sessions a run left out, and forgets what was left out before a day.
pub async fn update_skips(
    conn: &mut PgConnection,
    practice: PracticeId,
    (run_date, skips): (Date, i64),
    forget_before: Date,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        with forgotten as (
            delete from billing.automation_skips where practice_id = $1 and run_date < $4
        )
        update billing.automation_runs
        set skip_count = $3
        where practice_id = $1 and run_date = $2
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        skips,
        forget_before.to_sqlx() as jiff_sqlx::Date,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// At most `limit` runs, newest first: of one day, or from before one.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    (on, before): (Option<Date>, Option<Date>),
    limit: i64,
) -> Result<Vec<Run>> {
    let rows = sqlx::query!(
        r#"
        select
            run_date as "run_date: jiff_sqlx::Date",
            start_time as "start_time: jiff_sqlx::Timestamp",
            end_time as "end_time: jiff_sqlx::Timestamp",
            bill_count,
            session_count,
            currency,
            total_minor,
            skip_count
        from billing.automation_runs
        where practice_id = $1
            and ($2::date is null or run_date = $2)
            and ($3::date is null or run_date < $3)
        order by run_date desc
        limit $4
        "#,
        practice.uuid(),
        on.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        before.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Run {
                run_date: row.run_date.to_jiff(),
                start_time: row.start_time.to_jiff(),
                end_time: row.end_time.map(jiff_sqlx::Timestamp::to_jiff),
                bills: row.bill_count,
                sessions: row.session_count,
                total: Money::from_minor(row.total_minor, currency(&row.currency)?),
                skips: row.skip_count,
            })
        })
        .collect()
}

/// A session that a run left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub client: ClientId,
    /// Local day.
    pub service_date: Date,
    /// Why, as the database names it.
    pub reason: String,
}

/// At most `limit` sessions that a run left out, by id, after one.
pub async fn list_skips(
    conn: &mut PgConnection,
    practice: PracticeId,
    run_date: Date,
    (after, limit): (Option<SessionId>, i64),
) -> Result<Vec<Skip>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            skip.session_id as "session_id: SessionId",
            session.client_id as "client_id: ClientId",
            session.service_date as "service_date: jiff_sqlx::Date",
            skip.reason
        from billing.automation_skips skip
        join billing.sessions session
            on session.practice_id = skip.practice_id and session.session_id = skip.session_id
        where skip.practice_id = $1
            and skip.run_date = $2
            and ($3::uuid is null or skip.session_id > $3)
        order by skip.session_id
        limit $4
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        after.map(SessionId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let skips = rows.into_iter().map(|row| Skip {
        session: row.session_id,
        client: row.client_id,
        service_date: row.service_date.to_jiff(),
        reason: row.reason,
    });
    Ok(skips.collect())
}
