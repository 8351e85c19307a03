//! The mails that wait, over all practices.

use crate::Result;
use ids::{MessageId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// The right to send one mail, until its lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose mail.
    pub practice: PracticeId,
    /// The mail.
    pub message: MessageId,
    /// Grows with every claim; an older one is refused.
    pub fence: i64,
}

/// Puts a mail into the queue.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    message: MessageId,
    next_attempt_time: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into notifications.message_queue (message_id, practice_id, next_attempt_time, fence)
        values ($1, $2, $3, 0)
        "#,
        message.uuid(),
        practice.uuid(),
        next_attempt_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Claims at most `limit` mails that are due, oldest first, each until `lease_end_time`.
pub async fn claim(
    conn: &mut PgConnection,
    now: Timestamp,
    lease_end_time: Timestamp,
    limit: i64,
) -> Result<Vec<Claim>> {
    let claims = sqlx::query_as!(
        Claim,
        r#"
        with due as (
            select message_id
            from notifications.message_queue
            where next_attempt_time <= $1
            order by next_attempt_time, message_id
            limit $3
            for update skip locked
        )
        update notifications.message_queue as queue
        set
            next_attempt_time = $2,
            fence = queue.fence + 1
        from due
        where queue.message_id = due.message_id
        returning
            queue.practice_id as "practice: PracticeId",
            queue.message_id as "message: MessageId",
            queue.fence
        "#,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        lease_end_time.to_sqlx() as jiff_sqlx::Timestamp,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(claims)
}

/// Gives the mail back, to be tried at that time. False when another has claimed it since.
pub async fn postpone(
    conn: &mut PgConnection,
    claim: &Claim,
    next_attempt_time: Timestamp,
) -> Result<bool> {
    let postponed = sqlx::query!(
        r#"
        update notifications.message_queue
        set next_attempt_time = $3
        where message_id = $1 and fence = $2
        "#,
        claim.message.uuid(),
        claim.fence,
        next_attempt_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(postponed.rows_affected() == 1)
}

/// Has a mail that nobody ever claimed sent at that time instead, and locks its place. False when somebody has.
pub async fn put_off(
    conn: &mut PgConnection,
    message: MessageId,
    next_attempt_time: Timestamp,
) -> Result<bool> {
    let put_off = sqlx::query!(
        r#"
        update notifications.message_queue
        set next_attempt_time = $2
        where message_id = $1 and fence = 0
        "#,
        message.uuid(),
        next_attempt_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(put_off.rows_affected() == 1)
}

/// Takes the mail out of the queue. False when another has claimed it since.
pub async fn delete(conn: &mut PgConnection, claim: &Claim) -> Result<bool> {
    let deleted = sqlx::query!(
        r#"
        delete from notifications.message_queue
        where message_id = $1 and fence = $2
        "#,
        claim.message.uuid(),
        claim.fence,
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected() == 1)
}
