use crate::Result;
use crate::domain::rate::Limit;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

/// Counts one more attempt of each subject in the window of its limit, and answers the counts in the same order.
///
/// Subjects are locked in the order given; callers name them in one fixed order.
pub async fn count(
    conn: &mut PgConnection,
    counted: &[(String, Limit)],
    now: Timestamp,
) -> Result<Vec<i32>> {
    let mut counts = Vec::with_capacity(counted.len());
    for (subject, limit) in counted {
        let count = sqlx::query_scalar!(
            r#"
            insert into portal_auth.attempts as attempt (subject, window_seconds, window_start_time, count)
            values ($1, $2, $3, 1)
            on conflict (subject, window_seconds, window_start_time) do update set count = attempt.count + 1
            returning count
            "#,
            subject,
            limit.window_seconds as i32,
            limit.window_start(now).to_sqlx() as jiff_sqlx::Timestamp,
        )
        .fetch_one(&mut *conn)
        .await?;
        counts.push(count);
    }
    Ok(counts)
}

/// Takes back what [`count`] counted: the attempt was right.
pub async fn forgive(
    conn: &mut PgConnection,
    counted: &[(String, Limit)],
    now: Timestamp,
) -> Result<()> {
    for (subject, limit) in counted {
        sqlx::query!(
            r#"
            update portal_auth.attempts
            set count = count - 1
            where subject = $1 and window_seconds = $2 and window_start_time = $3 and count > 0
            "#,
            subject,
            limit.window_seconds as i32,
            limit.window_start(now).to_sqlx() as jiff_sqlx::Timestamp,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Forgets windows that began before.
pub async fn delete_before(conn: &mut PgConnection, before: Timestamp) -> Result<u64> {
    let done = sqlx::query!(
        "delete from portal_auth.attempts where window_start_time < $1",
        before.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
