//! Documents that were sent, by the act of sharing. Rows are never changed: what was sent stays what it was.

use crate::documents::Pdf;
use crate::{Error, Missing, Result};
use ids::{BillId, ClientId, PracticeId, ShareId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

/// A document that was sent, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedDocument {
    /// The act of sharing.
    pub share: ShareId,
    /// The bill it shows.
    pub bill: BillId,
    /// As it was attached.
    pub file_name: String,
    /// Length of the file.
    pub size_bytes: i64,
    /// Of the file.
    pub sha256: Vec<u8>,
    /// When it was rendered.
    pub create_time: Timestamp,
}

/// Keeps what is sent with an act of sharing, unless something is kept for it already. The same bytes are kept once.
pub async fn insert(
    conn: &mut PgConnection,
    (practice, share): (PracticeId, ShareId),
    (bill, pdf): (BillId, &Pdf),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let sha256: [u8; 32] = Sha256::digest(&pdf.bytes).into();
    sqlx::query!(
        r#"
        insert into billing.document_bytes (practice_id, sha256, content, create_time)
        values ($1, $2, $3, $4)
        on conflict on constraint document_bytes_pkey do nothing
        "#,
        practice.uuid(),
        &sha256[..],
        pdf.bytes,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        r#"
        insert into billing.shared_documents (practice_id, share_id, bill_id, sha256, file_name, create_time)
        values ($1, $2, $3, $4, $5, $6)
        on conflict on constraint shared_documents_pkey do nothing
        "#,
        practice.uuid(),
        share.uuid(),
        bill.uuid(),
        &sha256[..],
        pdf.file_name,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What was sent, and the bill it shows.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    share: ShareId,
) -> Result<Option<(BillId, Pdf)>> {
    let row = sqlx::query!(
        r#"
        select
            shared.bill_id as "bill_id: BillId",
            shared.file_name,
            kept.content
        from billing.shared_documents shared
        join billing.document_bytes kept
            on kept.practice_id = shared.practice_id and kept.sha256 = shared.sha256
        where shared.practice_id = $1 and shared.share_id = $2
        "#,
        practice.uuid(),
        share.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| {
        let pdf = Pdf {
            file_name: row.file_name,
            bytes: row.content,
        };
        (row.bill_id, pdf)
    }))
}

/// Errors: SHARE_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    share: ShareId,
) -> Result<(BillId, Pdf)> {
    find(conn, practice, share)
        .await?
        .ok_or(Error::Missing(Missing::Share(share)))
}

/// Whose documents are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// One bill's.
    Bill(BillId),
    /// Those of all bills of a client.
    Client(ClientId),
}

/// At most `limit` documents, newest first.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    of: Of,
    limit: i64,
) -> Result<Vec<SharedDocument>> {
    let (bill, client) = match of {
        Of::Bill(bill) => (Some(bill.uuid()), None),
        Of::Client(client) => (None, Some(client.uuid())),
    };
    let rows = sqlx::query!(
        r#"
        select
            shared.share_id as "share_id: ShareId",
            shared.bill_id as "bill_id: BillId",
            shared.file_name,
            shared.sha256,
            octet_length(kept.content)::bigint as "size_bytes!",
            shared.create_time as "create_time: jiff_sqlx::Timestamp"
        from billing.shared_documents shared
        join billing.document_bytes kept
            on kept.practice_id = shared.practice_id and kept.sha256 = shared.sha256
        join billing.bills bill
            on bill.practice_id = shared.practice_id and bill.bill_id = shared.bill_id
        where shared.practice_id = $1
            and ($2::uuid is null or bill.bill_id = $2)
            and ($3::uuid is null or bill.client_id = $3)
        order by shared.create_time desc, shared.share_id desc
        limit $4
        "#,
        practice.uuid(),
        bill,
        client,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let documents = rows.into_iter().map(|row| SharedDocument {
        share: row.share_id,
        bill: row.bill_id,
        file_name: row.file_name,
        size_bytes: row.size_bytes,
        sha256: row.sha256,
        create_time: row.create_time.to_jiff(),
    });
    Ok(documents.collect())
}
