//! Which practices have a night to come. A worker that takes one moves its due time to when others may take it over, and
//! counts the fence: whoever has a past one writes nothing more.

use crate::Result;
use ids::PracticeId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// A night that a worker has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueNight {
    /// Whose.
    pub practice: PracticeId,
    /// Its local day.
    pub run_date: Date,
    /// The worker's.
    pub fence: i64,
}

/// Has a practice's night come then, or moves the one that is to come. One that somebody works on is left to them.
pub async fn schedule(
    conn: &mut PgConnection,
    practice: PracticeId,
    (run_date, due_time): (Date, Timestamp),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.autopay_queue as queue (practice_id, run_date, due_time)
        values ($1, $2, $3)
        on conflict on constraint autopay_queue_pkey do update
        set run_date = excluded.run_date, due_time = excluded.due_time
        where queue.due_time > $4
            and not exists (
                select 1
                from payments.autopay_runs run
                where run.practice_id = $1 and run.run_date = queue.run_date and run.end_time is null
            )
        "#,
        practice.uuid(),
        run_date.to_sqlx() as jiff_sqlx::Date,
        due_time.to_sqlx() as jiff_sqlx::Timestamp,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes at most `limit` nights that have come, the longest due first; until `lease_end` nobody else takes them.
pub async fn claim(
    conn: &mut PgConnection,
    (now, lease_end): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<DueNight>> {
    let rows = sqlx::query!(
        r#"
        update payments.autopay_queue queue
        set due_time = $2, fence = queue.fence + 1
        from (
            select practice_id
            from payments.autopay_queue
            where due_time <= $1
            order by due_time
            limit $3
            for update skip locked
        ) due
        where queue.practice_id = due.practice_id
        returning
            queue.practice_id as "practice_id: PracticeId",
            queue.run_date as "run_date: jiff_sqlx::Date",
            queue.fence
        "#,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        lease_end.to_sqlx() as jiff_sqlx::Timestamp,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let due = rows.into_iter().map(|row| DueNight {
        practice: row.practice_id,
        run_date: row.run_date.to_jiff(),
        fence: row.fence,
    });
    Ok(due.collect())
}

/// Whether the night is still the worker's, and stays so until the transaction ends.
pub async fn is_ours(conn: &mut PgConnection, night: DueNight) -> Result<bool> {
    let ours = sqlx::query_scalar!(
        r#"
        select fence = $2 as "ours!"
        from payments.autopay_queue
        where practice_id = $1
        for share
        "#,
        night.practice.uuid(),
        night.fence,
    )
    .fetch_optional(conn)
    .await?;
    Ok(ours.unwrap_or(false))
}

/// Keeps the night for longer; false when somebody else has taken it over.
pub async fn renew(conn: &mut PgConnection, night: DueNight, lease_end: Timestamp) -> Result<bool> {
    let renewed = sqlx::query!(
        r#"
        update payments.autopay_queue
        set due_time = $3
        where practice_id = $1 and fence = $2
        "#,
        night.practice.uuid(),
        night.fence,
        lease_end.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Has the next night come after this one; nothing happens when somebody else has taken it over.
pub async fn update(
    conn: &mut PgConnection,
    night: DueNight,
    (next_date, due_time): (Date, Timestamp),
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.autopay_queue
        set run_date = $3, due_time = $4
        where practice_id = $1 and fence = $2
        "#,
        night.practice.uuid(),
        night.fence,
        next_date.to_sqlx() as jiff_sqlx::Date,
        due_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The practice's next night, when one is to come.
pub async fn find(conn: &mut PgConnection, practice: PracticeId) -> Result<Option<Date>> {
    let date = sqlx::query_scalar!(
        r#"
        select run_date as "run_date: jiff_sqlx::Date"
        from payments.autopay_queue
        where practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(date.map(jiff_sqlx::Date::to_jiff))
}
