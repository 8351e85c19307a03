//! Each practice's cards are looked at once in each of its days. What makes a notice given once is its key, not the queue.

use crate::Result;
use crate::domain::on_file::ExpiryNotice;
use ids::{MethodId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// Puts a practice with cards into the queue; one that is there stays.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    next_date: Date,
    due: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.expiry_watch (practice_id, next_date, due_time)
        values ($1, $2, $3)
        on conflict on constraint expiry_watch_pkey do nothing
        "#,
        practice.uuid(),
        next_date.to_sqlx() as jiff_sqlx::Date,
        due.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes at most `limit` practices whose day has begun; others may take them over from `lease_end`.
pub async fn claim_due(
    conn: &mut PgConnection,
    now: Timestamp,
    lease_end: Timestamp,
    limit: i64,
) -> Result<Vec<PracticeId>> {
    let practices = sqlx::query_scalar!(
        r#"
        update payments.expiry_watch claimed
        set due_time = $2
        from (
            select practice_id
            from payments.expiry_watch
            where due_time <= $1
            order by due_time
            limit $3
            for update skip locked
        ) due
        where claimed.practice_id = due.practice_id
        returning claimed.practice_id as "practice_id: PracticeId"
        "#,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        lease_end.to_sqlx() as jiff_sqlx::Timestamp,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(practices)
}

/// The practice's next day.
pub async fn update(
    conn: &mut PgConnection,
    practice: PracticeId,
    next_date: Date,
    due: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.expiry_watch
        set next_date = $2, due_time = $3
        where practice_id = $1
        "#,
        practice.uuid(),
        next_date.to_sqlx() as jiff_sqlx::Date,
        due.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Cards on file whose last month is this one or an earlier one.
pub async fn list_ending(
    conn: &mut PgConnection,
    practice: PracticeId,
    month: Date,
) -> Result<Vec<MethodId>> {
    let methods = sqlx::query_scalar!(
        r#"
        select method_id as "method_id: MethodId"
        from payments.methods
        where practice_id = $1 and state <> 'removed' and (exp_year, exp_month) <= ($2, $3)
        order by method_id
        "#,
        practice.uuid(),
        month.year(),
        i16::from(month.month()),
    )
    .fetch_all(conn)
    .await?;
    Ok(methods)
}

/// Notes that a notice is given; false when it was before.
pub async fn insert_notice(
    conn: &mut PgConnection,
    practice: PracticeId,
    (method, notice, end_date): (MethodId, ExpiryNotice, Date),
    now: Timestamp,
) -> Result<bool> {
    let given = sqlx::query!(
        r#"
        insert into payments.method_notices (practice_id, method_id, kind, end_date, create_time)
        values ($1, $2, $3, $4, $5)
        on conflict on constraint method_notices_pkey do nothing
        "#,
        practice.uuid(),
        method.uuid(),
        notice.name(),
        end_date.to_sqlx() as jiff_sqlx::Date,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(given.rows_affected() == 1)
}
