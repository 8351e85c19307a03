//! Mails that tell of changes of bills that were shared.

use crate::domain::adjustment::Change;
use crate::domain::message::Particulars;
use crate::{Error, Result};
use ids::{BillId, MessageId, PracticeId};
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::Json;

/// Whether the bill was ever to be sent. Events of a practice come in order, so this is as it was when the bill changed.
pub async fn is_shared(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<bool> {
    let shared = sqlx::query_scalar!(
        r#"
        select exists (
            select
            from notifications.messages
            where practice_id = $1 and bill_id = $2 and kind = 'bill'
        ) as "shared!"
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(shared)
}

/// When the bill was last queued to be sent, if it went out or will in a moment: it says what it was at that time, or
/// later.
pub async fn find_shared_time(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<Option<Timestamp>> {
    let time = sqlx::query_scalar!(
        r#"
        select max(create_time) as "time: jiff_sqlx::Timestamp"
        from notifications.messages
        where practice_id = $1 and bill_id = $2 and kind = 'bill' and state in ('queued', 'sent')
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(time.map(|time| time.to_jiff()))
}

/// A mail about changes of a bill.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The mail.
    pub message: MessageId,
    /// It is not sent yet, nor given up.
    pub waits: bool,
    /// When it was queued.
    pub create_time: Timestamp,
    /// What it tells, in order.
    pub changes: Vec<Change>,
}

/// All such mails about a bill, newest first.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<Vec<Notice>> {
    let rows = sqlx::query!(
        r#"
        select
            message_id as "message: MessageId",
            state = 'queued' as "waits!",
            create_time as "create_time: jiff_sqlx::Timestamp",
            particulars as "particulars: Json<Particulars>"
        from notifications.messages
        where practice_id = $1 and bill_id = $2 and kind = 'adjustment'
        order by message_id desc
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let Particulars::Adjustment { changes, .. } = row.particulars.0 else {
                return Err(Error::Stored("the particulars of a mail"));
            };
            Ok(Notice {
                message: row.message,
                waits: row.waits,
                create_time: row.create_time.to_jiff(),
                changes,
            })
        })
        .collect()
}

/// Writes what a mail tells by now, which nobody is sending: its place in the queue is locked.
pub async fn update(
    conn: &mut PgConnection,
    practice: PracticeId,
    message: MessageId,
    particulars: &Particulars,
) -> Result<()> {
    sqlx::query!(
        r#"
        update notifications.messages
        set particulars = $3
        where practice_id = $1 and message_id = $2
        "#,
        practice.uuid(),
        message.uuid(),
        Json(particulars) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
