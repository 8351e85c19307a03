//! Receipts that were mailed, by the mail. Rows are never changed: what was sent stays what it was.

use super::document_bytes;
use crate::documents::Pdf;
use crate::domain::sharing::SentWith;
use crate::{Error, Missing, Result};
use ids::{MessageId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// Keeps what is sent with a mail, unless something is kept for it already.
pub async fn insert(
    conn: &mut PgConnection,
    (practice, message): (PracticeId, MessageId),
    (payment, pdf): (PaymentId, &Pdf),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let sha256 = document_bytes::insert(conn, practice, &pdf.bytes, now).await?;
    sqlx::query!(
        r#"
        insert into billing.mailed_receipts (practice_id, message_id, payment_id, sha256, file_name, create_time)
        values ($1, $2, $3, $4, $5, $6)
        on conflict on constraint mailed_receipts_pkey do nothing
        "#,
        practice.uuid(),
        message.uuid(),
        payment.uuid(),
        &sha256[..],
        pdf.file_name,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What was sent, and the payment it is the receipt of.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    message: MessageId,
) -> Result<Option<(PaymentId, Pdf)>> {
    let row = sqlx::query!(
        r#"
        select
            mailed.payment_id as "payment_id: PaymentId",
            mailed.file_name,
            kept.content
        from billing.mailed_receipts mailed
        join billing.document_bytes kept
            on kept.practice_id = mailed.practice_id and kept.sha256 = mailed.sha256
        where mailed.practice_id = $1 and mailed.message_id = $2
        "#,
        practice.uuid(),
        message.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| {
        let pdf = Pdf {
            file_name: row.file_name,
            bytes: row.content,
        };
        (row.payment_id, pdf)
    }))
}

/// Errors: SHARE_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    message: MessageId,
) -> Result<(PaymentId, Pdf)> {
    find(conn, practice, message)
        .await?
        .ok_or(Error::Missing(Missing::Share(SentWith::Mail(message))))
}
