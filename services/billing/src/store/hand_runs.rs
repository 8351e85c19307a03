//! Runs that somebody asked for, and the queue of those that are not done. A run's row is locked by whoever adds to it.

use super::automation_runs::{ByHand, Made};
use ids::{PracticeId, RunId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Currency;
use sqlx::PgConnection;

/// Writes down a run that begins, due at once.
pub async fn insert(
    conn: &mut PgConnection,
    (practice, currency): (PracticeId, Currency),
    asked: &ByHand,
    (run_date, now): (Date, Timestamp),
) -> Result<(), sqlx::Error> {
    let clients: Vec<_> = asked.clients.iter().map(|client| client.uuid()).collect();
    sqlx::query!(
        r#"
        insert into billing.hand_runs (
            practice_id, run_id, run_date, through_date, client_ids, asked_by, start_time, currency
        ) values ($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        practice.uuid(),
        asked.run.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        asked.through.to_sqlx() as jiff_sqlx::Date,
        &clients,
        asked.asked_by,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        currency.code(),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        r#"
        insert into billing.hand_run_queue (run_id, practice_id, due_time)
        values ($1, $2, $3)
        "#,
        asked.run.uuid(),
        practice.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes at most `limit` runs that are due, the longest due first; until `lease_end` nobody else takes them.
pub async fn claim(
    conn: &mut PgConnection,
    (now, lease_end): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<(PracticeId, RunId)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        update billing.hand_run_queue queue
        set due_time = $2
        from (
            select run_id
            from billing.hand_run_queue
            where due_time <= $1
            order by due_time
            limit $3
            for update skip locked
        ) due
        where queue.run_id = due.run_id
        returning queue.practice_id as "practice_id: PracticeId", queue.run_id as "run_id: RunId"
        "#,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        lease_end.to_sqlx() as jiff_sqlx::Timestamp,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let due = rows.into_iter().map(|row| (row.practice_id, row.run_id));
    Ok(due.collect())
}

/// Adds to a run.
pub async fn add(
    conn: &mut PgConnection,
    practice: PracticeId,
    run: RunId,
    made: Made,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.hand_runs
        set
            bill_count = bill_count + $3,
            session_count = session_count + $4,
            total_minor = total_minor + $5
        where practice_id = $1 and run_id = $2
        "#,
        practice.uuid(),
        run.uuid(),
        made.bills,
        made.sessions,
        made.total.minor(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a run and takes it from the queue; false when somebody else has ended it.
pub async fn end(
    conn: &mut PgConnection,
    practice: PracticeId,
    (run, now): (RunId, Timestamp),
) -> Result<bool, sqlx::Error> {
    let ended = sqlx::query!(
        r#"
        update billing.hand_runs
        set end_time = greatest($3, start_time)
        where practice_id = $1 and run_id = $2 and end_time is null
        "#,
        practice.uuid(),
        run.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        r#"
        delete from billing.hand_run_queue where run_id = $1
        "#,
        run.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() == 1)
}
