//! The queue of payments and refunds whose end is not known. A lease keeps two workers from asking the same at once; that
//! nothing happens twice does not depend on it, but on idempotency keys and on merging by rank.

use super::processor_objects::Subject;
use crate::Result;
use ids::PracticeId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// Something that is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsettled {
    /// Whose.
    pub practice: PracticeId,
    /// What.
    pub subject: Subject,
    /// How often the reconciler has looked, this time included.
    pub tries: i32,
}

/// Until when the worker that asks has something for itself, and when the reconciler looks after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When it begins.
    pub now: Timestamp,
    /// When the lease ends.
    pub lease_end: Timestamp,
    /// When the reconciler looks next.
    pub due: Timestamp,
}

/// Enters what begins, leased to whoever began it.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    subject: Subject,
    turn: Turn,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.unsettled (subject_id, practice_id, kind, due_time, lease_end_time)
        values ($1, $2, $3, $4, $5)
        on conflict on constraint unsettled_pkey do nothing
        "#,
        subject.uuid(),
        practice.uuid(),
        subject.kind(),
        turn.due.to_sqlx() as jiff_sqlx::Timestamp,
        turn.lease_end.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Leases one that nobody works on; false when somebody does, or it is settled.
pub async fn claim(
    conn: &mut PgConnection,
    subject: Subject,
    now: Timestamp,
    lease_end: Timestamp,
) -> Result<bool> {
    let claimed = sqlx::query!(
        r#"
        update payments.unsettled
        set lease_end_time = $3
        where subject_id = $1 and (lease_end_time is null or lease_end_time <= $2)
        "#,
        subject.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        lease_end.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Leases at most `limit` that are due and that nobody works on, the longest due first.
pub async fn claim_due(
    conn: &mut PgConnection,
    now: Timestamp,
    lease_end: Timestamp,
    limit: i64,
) -> Result<Vec<Unsettled>> {
    let rows = sqlx::query!(
        r#"
        update payments.unsettled claimed
        set lease_end_time = $2, tries = claimed.tries + 1
        from (
            select subject_id
            from payments.unsettled
            where due_time <= $1 and (lease_end_time is null or lease_end_time <= $1)
            order by due_time
            limit $3
            for update skip locked
        ) due
        where claimed.subject_id = due.subject_id
        returning
            claimed.practice_id as "practice_id: PracticeId",
            claimed.kind,
            claimed.subject_id,
            claimed.tries
        "#,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        lease_end.to_sqlx() as jiff_sqlx::Timestamp,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Unsettled {
                practice: row.practice_id,
                subject: Subject::of(&row.kind, row.subject_id)?,
                tries: row.tries,
            })
        })
        .collect()
}

/// Gives a lease back; with `due`, when the reconciler looks next.
pub async fn release(
    conn: &mut PgConnection,
    subject: Subject,
    due: Option<Timestamp>,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.unsettled
        set lease_end_time = null, due_time = coalesce($2, due_time)
        where subject_id = $1
        "#,
        subject.uuid(),
        due.map(|due| due.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// It is settled.
pub async fn delete(conn: &mut PgConnection, subject: Subject) -> Result<()> {
    sqlx::query!(
        r#"
        delete from payments.unsettled
        where subject_id = $1
        "#,
        subject.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
