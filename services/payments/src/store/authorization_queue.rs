use crate::domain::words;
use crate::{Error, Result};
use ids::PracticeId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

words! {
    /// What waits.
    Waiting {
        /// A client who came in; the subject is the client.
        Intake "intake",
        /// A form that was not signed yet; the subject is the form.
        Reminder "reminder",
        /// A payer whose card is on file with a former account; the subject is the request.
        NewCard "new_card",
    }
}

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose.
    pub practice: PracticeId,
    /// What.
    pub waiting: Waiting,
    /// The client, the form or the request.
    pub subject: Uuid,
}

/// Enters something, or says anew when it is due.
pub async fn upsert(conn: &mut PgConnection, due: Due, due_time: Timestamp) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.authorization_queue (subject_id, practice_id, kind, due_time)
        values ($1, $2, $3, $4)
        on conflict on constraint authorization_queue_pkey do update
        set due_time = excluded.due_time
        "#,
        due.subject,
        due.practice.uuid(),
        due.waiting.name(),
        due_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Enters requests for new cards, due at once.
pub async fn insert_new_cards(
    conn: &mut PgConnection,
    practice: PracticeId,
    requests: &[Uuid],
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.authorization_queue (subject_id, practice_id, kind, due_time)
        select request_id, $1, 'new_card', $3
        from unnest($2::uuid[]) as asked (request_id)
        "#,
        practice.uuid(),
        requests,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes at most `limit` that are due; others may take them over from `lease_end`. What another version has entered, and
/// this one does not know, is left to that.
pub async fn claim_due(
    conn: &mut PgConnection,
    now: Timestamp,
    lease_end: Timestamp,
    limit: i64,
) -> Result<Vec<Due>> {
    let kinds = Waiting::ALL.iter().map(|kind| kind.name().to_owned());
    let kinds: Vec<String> = kinds.collect();
    let rows = sqlx::query!(
        r#"
        update payments.authorization_queue claimed
        set due_time = $2
        from (
            select subject_id
            from payments.authorization_queue
            where due_time <= $1 and kind = any($4::text[])
            order by due_time
            limit $3
            for update skip locked
        ) due
        where claimed.subject_id = due.subject_id
        returning
            claimed.practice_id as "practice_id: PracticeId",
            claimed.kind,
            claimed.subject_id
        "#,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        lease_end.to_sqlx() as jiff_sqlx::Timestamp,
        limit,
        &kinds,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Due {
                practice: row.practice_id,
                waiting: Waiting::of(&row.kind).ok_or(Error::Stored("what waits for a form"))?,
                subject: row.subject_id,
            })
        })
        .collect()
}

/// Nothing waits any more.
pub async fn delete(conn: &mut PgConnection, subject: Uuid) -> Result<()> {
    sqlx::query!(
        r#"
        delete from payments.authorization_queue
        where subject_id = $1
        "#,
        subject,
    )
    .execute(conn)
    .await?;
    Ok(())
}
