//! Bills that were sent, by the act of sharing, and the list of all documents that were. Rows are never changed: what was
//! sent stays what it was. A mail that was refused and is tried again may have another file, which is its next version.

use super::document_bytes;
use crate::documents::Pdf;
use crate::domain::sharing::SentWith;
use crate::{Error, Missing, Result};
use ids::{BillId, ClientId, MessageId, PaymentId, PracticeId, ShareId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// A document that was sent, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedDocument {
    /// What it went out with.
    pub sent_with: SentWith,
    /// What it shows.
    pub shows: Shown,
    /// As it is downloaded.
    pub file_name: String,
    /// Length of the file.
    pub size_bytes: i64,
    /// Of the file.
    pub sha256: Vec<u8>,
    /// When it was rendered.
    pub create_time: Timestamp,
    /// The mail was tried again with another file.
    pub replaced: bool,
}

/// What a document that was sent shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A bill.
    Bill(BillId),
    /// A payment, as its receipt.
    Payment(PaymentId),
}

/// Keeps what is sent with an act of sharing, unless the last that is kept for it is the same, or somebody else keeps
/// another just now. The same bytes are kept once.
pub async fn insert(
    conn: &mut PgConnection,
    (practice, share): (PracticeId, ShareId),
    (bill, pdf): (BillId, &Pdf),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let sha256 = document_bytes::insert(conn, practice, &pdf.bytes, now).await?;
    sqlx::query!(
        r#"
        with last as (
            select version, sha256
            from billing.shared_documents
            where practice_id = $1 and share_id = $2
            order by version desc
            limit 1
        )
        insert into billing.shared_documents (
            practice_id, share_id, version, bill_id, sha256, file_name, create_time
        )
        select $1, $2, coalesce((select version from last), 0) + 1, $3, $4, $5, $6
        where not exists (select from last where last.sha256 = $4)
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

/// What was sent, the last of it or the file with this hash, and the bill it shows.
pub async fn find(
    conn: &mut PgConnection,
    (practice, share): (PracticeId, ShareId),
    sha256: Option<&[u8]>,
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
        where shared.practice_id = $1
            and shared.share_id = $2
            and ($3::bytea is null or shared.sha256 = $3)
        order by shared.version desc
        limit 1
        "#,
        practice.uuid(),
        share.uuid(),
        sha256,
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

/// The same. Errors: SHARE_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    (practice, share): (PracticeId, ShareId),
    sha256: Option<&[u8]>,
) -> Result<(BillId, Pdf)> {
    find(conn, (practice, share), sha256)
        .await?
        .ok_or(Error::Missing(Missing::Share(SentWith::Share(share))))
}

/// Whose documents are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// One bill's, and the receipts of what was paid on it at first.
    Bill(BillId),
    /// Those of all bills and payments of a client.
    Client(ClientId),
}

impl Of {
    fn ids(self) -> (Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Bill(bill) => (Some(bill.uuid()), None),
            Self::Client(client) => (None, Some(client.uuid())),
        }
    }
}

/// At most `limit` documents, newest first.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    of: Of,
    limit: i64,
) -> Result<Vec<SharedDocument>> {
    let (bill, client) = of.ids();
    let rows = sqlx::query!(
        r#"
        with sent as (
            select shared.share_id, null::uuid as message_id, shared.bill_id, null::uuid as payment_id,
                shared.version, shared.file_name, shared.sha256, shared.create_time
            from billing.shared_documents shared
            join billing.bills bill
                on bill.practice_id = shared.practice_id and bill.bill_id = shared.bill_id
            where shared.practice_id = $1
                and ($2::uuid is null or bill.bill_id = $2)
                and ($3::uuid is null or bill.client_id = $3)
            union all
            select null, mailed.message_id, null, mailed.payment_id,
                mailed.version, mailed.file_name, mailed.sha256, mailed.create_time
            from billing.mailed_receipts mailed
            join billing.posted_payments payment
                on payment.practice_id = mailed.practice_id and payment.payment_id = mailed.payment_id
            where mailed.practice_id = $1
                and ($3::uuid is null or payment.client_id = $3)
                and ($2::uuid is null or exists (
                    select
                    from billing.posted_allocations placed
                    where placed.practice_id = $1
                        and placed.payment_id = mailed.payment_id
                        and placed.bill_id = $2
                ))
        )
        select
            sent.share_id as "share_id: ShareId",
            sent.message_id as "message_id: MessageId",
            sent.bill_id as "bill_id: BillId",
            sent.payment_id as "payment_id: PaymentId",
            sent.file_name as "file_name!",
            sent.sha256 as "sha256!",
            octet_length(kept.content)::bigint as "size_bytes!",
            sent.create_time as "create_time!: jiff_sqlx::Timestamp",
            sent.version < max(sent.version) over (partition by sent.share_id, sent.message_id) as "replaced!"
        from sent
        join billing.document_bytes kept on kept.practice_id = $1 and kept.sha256 = sent.sha256
        order by sent.create_time desc, coalesce(sent.share_id, sent.message_id) desc, sent.version desc
        limit $4
        "#,
        practice.uuid(),
        bill,
        client,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let shared = row.share_id.zip(row.bill_id);
            let mailed = row.message_id.zip(row.payment_id);
            let (sent_with, shows) = sent(shared, mailed)?;
            Ok(SharedDocument {
                sent_with,
                shows,
                file_name: row.file_name,
                size_bytes: row.size_bytes,
                sha256: row.sha256,
                create_time: row.create_time.to_jiff(),
                replaced: row.replaced,
            })
        })
        .collect()
}

fn sent(
    shared: Option<(ShareId, BillId)>,
    mailed: Option<(MessageId, PaymentId)>,
) -> Result<(SentWith, Shown)> {
    match (shared, mailed) {
        (Some((share, bill)), None) => Ok((SentWith::Share(share), Shown::Bill(bill))),
        (None, Some((message, payment))) => Ok((SentWith::Mail(message), Shown::Payment(payment))),
        (Some(_), Some(_)) | (None, None) => {
            Err(Error::Stored("a document that was sent with nothing"))
        }
    }
}
