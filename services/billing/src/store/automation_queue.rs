//! Which practices have a run to come. A worker that takes one moves its due time to when others may take it over.

use ids::PracticeId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// A run that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueRun {
    /// Whose.
    pub practice: PracticeId,
    /// The day whose midnight it is.
    pub run_date: Date,
}

/// Has a practice's first run come then, unless one is to come already.
pub async fn insert(
    conn: &mut PgConnection,
    run: DueRun,
    due_time: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.automation_queue (practice_id, run_date, due_time)
        values ($1, $2, $3)
        on conflict on constraint automation_queue_pkey do nothing
        "#,
        run.practice.uuid(),
        run.run_date.to_sqlx() as jiff_sqlx::Date,
        due_time.to_sqlx() as jiff_sqlx::Timestamp,
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
) -> Result<Vec<DueRun>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        update billing.automation_queue queue
        set due_time = $2
        from (
            select practice_id
            from billing.automation_queue
            where due_time <= $1
            order by due_time
            limit $3
            for update skip locked
        ) due
        where queue.practice_id = due.practice_id
        returning queue.practice_id as "practice_id: PracticeId", queue.run_date as "run_date: jiff_sqlx::Date"
        "#,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        lease_end.to_sqlx() as jiff_sqlx::Timestamp,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let due = rows.into_iter().map(|row| DueRun {
        practice: row.practice_id,
        run_date: row.run_date.to_jiff(),
    });
    Ok(due.collect())
}

/// Has the next run come after this one; nothing happens when somebody else went on.
pub async fn update(
    conn: &mut PgConnection,
    run: DueRun,
    (next_date, due_time): (Date, Timestamp),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.automation_queue
        set run_date = $3, due_time = $4
        where practice_id = $1 and run_date = $2
        "#,
        run.practice.uuid(),
        run.run_date.to_sqlx() as jiff_sqlx::Date,
        next_date.to_sqlx() as jiff_sqlx::Date,
        due_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
