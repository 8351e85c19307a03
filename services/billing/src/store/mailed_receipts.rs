//! Receipts that were mailed, by the mail, in versions as bills are (`shared_documents`). Rows are never changed.

use super::document_bytes;
use crate::documents::Pdf;
use crate::domain::sharing::SentWith;
use crate::{Error, Missing, Result};
use ids::{MessageId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// Keeps what is sent with a mail, unless the last that is kept for it is the same, or somebody else keeps another just now.
pub async fn insert(
    conn: &mut PgConnection,
    (practice, message): (PracticeId, MessageId),
    (payment, pdf): (PaymentId, &Pdf),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let sha256 = document_bytes::insert(conn, practice, &pdf.bytes, now).await?;
    sqlx::query!(
        r#"
        with last as (
            select version, sha256
            from billing.mailed_receipts
            where practice_id = $1 and message_id = $2
            order by version desc
            limit 1
        )
        insert into billing.mailed_receipts (
            practice_id, message_id, version, payment_id, sha256, file_name, create_time
        )
        select $1, $2, coalesce((select version from last), 0) + 1, $3, $4, $5, $6
        where not exists (select from last where last.sha256 = $4)
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

/// What was sent, the last of it or the file with this hash, and the payment it is the receipt of.
pub async fn find(
    conn: &mut PgConnection,
    (practice, message): (PracticeId, MessageId),
    sha256: Option<&[u8]>,
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
        where mailed.practice_id = $1
            and mailed.message_id = $2
            and ($3::bytea is null or mailed.sha256 = $3)
        order by mailed.version desc
        limit 1
        "#,
        practice.uuid(),
        message.uuid(),
        sha256,
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

/// The same. Errors: SHARE_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    (practice, message): (PracticeId, MessageId),
    sha256: Option<&[u8]>,
) -> Result<(PaymentId, Pdf)> {
    find(conn, (practice, message), sha256)
        .await?
        .ok_or(Error::Missing(Missing::Share(SentWith::Mail(message))))
}
