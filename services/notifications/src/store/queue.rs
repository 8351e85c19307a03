//! The mails that wait, over all practices.

use crate::Result;
use ids::{MessageId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

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

/// Gives mails back, each to be tried at its time, and answers those whose claim still held: the others were claimed by
/// another since. Of each mail one claim.
pub async fn postpone(
    conn: &mut PgConnection,
    claims: &[(Claim, Timestamp)],
) -> Result<Vec<MessageId>> {
    let (messages, fences) = columns(claims.iter().map(|(claim, _)| claim));
    let times: Vec<jiff_sqlx::Timestamp> = claims.iter().map(|(_, time)| time.to_sqlx()).collect();
    let postponed = sqlx::query_scalar!(
        r#"
        update notifications.message_queue
        set next_attempt_time = ($3::timestamptz[])[array_position($1::uuid[], message_id)]
        where message_id = any($1)
            and fence = ($2::bigint[])[array_position($1::uuid[], message_id)]
        returning message_id as "message: MessageId"
        "#,
        &messages,
        &fences,
        &times as &[jiff_sqlx::Timestamp],
    )
    .fetch_all(conn)
    .await?;
    Ok(postponed)
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

/// Takes mails out of the queue, and answers those whose claim still held: the others were claimed by another since. Of
/// each mail one claim.
pub async fn delete(conn: &mut PgConnection, claims: &[Claim]) -> Result<Vec<MessageId>> {
    let (messages, fences) = columns(claims);
    let deleted = sqlx::query_scalar!(
        r#"
        delete from notifications.message_queue
        where message_id = any($1)
            and fence = ($2::bigint[])[array_position($1::uuid[], message_id)]
        returning message_id as "message: MessageId"
        "#,
        &messages,
        &fences,
    )
    .fetch_all(conn)
    .await?;
    Ok(deleted)
}

fn columns<'a>(claims: impl IntoIterator<Item = &'a Claim>) -> (Vec<Uuid>, Vec<i64>) {
    let claims = claims.into_iter();
    claims
        .map(|claim| (claim.message.uuid(), claim.fence))
        .unzip()
}
