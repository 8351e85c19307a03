//! When scheduled shares are looked at, over all practices.

use crate::Result;
use ids::{BillId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// Claims at most `limit` bills whose time has come, the longest due first, each until `lease_end_time`.
pub async fn claim(
    conn: &mut PgConnection,
    now: Timestamp,
    lease_end_time: Timestamp,
    limit: i64,
) -> Result<Vec<(PracticeId, BillId)>> {
    let rows = sqlx::query!(
        r#"
        with due as (
            select bill_id
            from billing.share_queue
            where due_time <= $1
            order by due_time, bill_id
            limit $3
            for update skip locked
        )
        update billing.share_queue as queue
        set due_time = $2
        from due
        where queue.bill_id = due.bill_id
        returning
            queue.practice_id as "practice: PracticeId",
            queue.bill_id as "bill: BillId"
        "#,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        lease_end_time.to_sqlx() as jiff_sqlx::Timestamp,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.practice, row.bill))
        .collect())
}
