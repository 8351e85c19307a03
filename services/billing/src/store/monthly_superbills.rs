//! Superbills that made themselves, by client and month. What was sent stays what it was; what was withheld is replaced.

use crate::documents::Pdf;
use crate::{Error, Missing, Result};
use ids::{ClientId, DocumentId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

/// Who is to have a superbill of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Whose clients.
    pub practice: PracticeId,
    /// When the month was over. Who wanted none by then gets none of it.
    pub over: Timestamp,
    /// Those wait who have sessions of the month that are still to be billed.
    pub waits: bool,
}

/// The next clients by id after one who are to have a superbill of these days, a month: they want it, took part in what
/// is on bills that stand, and have none yet that was made.
pub async fn list_due(
    conn: &mut PgConnection,
    wanted: Wanted,
    (first, last): (Date, Date),
    (after, limit): (Option<ClientId>, i64),
) -> Result<Vec<ClientId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select distinct session.client_id as "client_id: ClientId"
        from billing.sessions session
        left join billing.client_terms terms
            on terms.practice_id = session.practice_id and terms.client_id = session.client_id
        where session.practice_id = $1
            and session.service_date between $2 and $3
            and session.outcome = 'completed'
            and coalesce(terms.monthly_superbills_since, '-infinity') < $4
            and coalesce(terms.monthly_superbills, (
                select usual.monthly_superbills and coalesce(usual.monthly_superbills_since, '-infinity') < $4
                from billing.practice_terms usual
                where usual.practice_id = $1
            ))
            and session.client_id > $5
            and exists (
                select 1
                from billing.billed_lines billed
                where billed.practice_id = session.practice_id and billed.session_id = session.session_id
            )
            and not exists (
                select 1
                from billing.monthly_superbills made
                where made.practice_id = session.practice_id
                    and made.client_id = session.client_id
                    and made.month = $2
                    and made.sha256 is not null
            )
            and not ($7 and exists (
                select 1
                from billing.sessions pending
                where pending.practice_id = session.practice_id
                    and pending.client_id = session.client_id
                    and pending.service_date between $2 and $3
                    and pending.outcome = 'completed'
                    and pending.billable
                    and not exists (
                        select 1
                        from billing.billed_lines billed
                        where billed.practice_id = pending.practice_id and billed.session_id = pending.session_id
                    )
            ))
        order by session.client_id
        limit $6
        "#,
        wanted.practice.uuid(),
        first.to_sqlx() as jiff_sqlx::Date,
        last.to_sqlx() as jiff_sqlx::Date,
        wanted.over.to_sqlx() as jiff_sqlx::Timestamp,
        after.map_or(Uuid::nil(), ClientId::uuid),
        limit,
        wanted.waits,
    )
    .fetch_all(conn)
    .await
}

/// A superbill of a month, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthlySuperbill {
    /// Its id.
    pub document: DocumentId,
    /// Whose.
    pub client: ClientId,
    /// First day of the month.
    pub month: Date,
    /// Why it was withheld; empty when it was made.
    pub missing: Vec<String>,
    /// The mail has it, or says only that it is in the portal.
    pub with_pdf: bool,
    /// When it was made, or withheld.
    pub create_time: Timestamp,
}

/// Keeps a superbill that was made, or that one was withheld, in place of one of the month that was withheld. False when one
/// was made already, or withheld for the same.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: PracticeId,
    superbill: &MonthlySuperbill,
    pdf: Option<&Pdf>,
) -> Result<bool, sqlx::Error> {
    let created = superbill.create_time.to_sqlx();
    let sha256 = pdf.map(|pdf| <[u8; 32]>::from(Sha256::digest(&pdf.bytes)).to_vec());
    if let (Some(sha256), Some(pdf)) = (&sha256, pdf) {
        sqlx::query!(
            r#"
            insert into billing.document_bytes (practice_id, sha256, content, create_time)
            values ($1, $2, $3, $4)
            on conflict on constraint document_bytes_pkey do nothing
            "#,
            practice.uuid(),
            sha256,
            pdf.bytes,
            created as jiff_sqlx::Timestamp,
        )
        .execute(&mut *conn)
        .await?;
    }
    let written = sqlx::query!(
        r#"
        insert into billing.monthly_superbills (
            practice_id, document_id, client_id, month, missing, sha256, file_name, with_pdf, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict on constraint monthly_superbills_month_key do update
        set
            document_id = excluded.document_id,
            missing = excluded.missing,
            sha256 = excluded.sha256,
            file_name = excluded.file_name,
            with_pdf = excluded.with_pdf,
            create_time = excluded.create_time
        where monthly_superbills.sha256 is null and monthly_superbills.missing <> excluded.missing
        "#,
        practice.uuid(),
        superbill.document.uuid(),
        superbill.client.uuid(),
        superbill.month.to_sqlx() as jiff_sqlx::Date,
        &superbill.missing,
        sha256,
        pdf.map(|pdf| pdf.file_name.as_str()),
        superbill.with_pdf,
        created as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// The file of a superbill that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// As it was attached.
    pub name: String,
    /// Its length.
    pub size_bytes: i64,
    /// Of the file.
    pub sha256: Vec<u8>,
}

/// At most `limit` superbills, newest first, from below one; of one client, or of all.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: Option<ClientId>,
    (before, limit): (Option<DocumentId>, i64),
) -> Result<Vec<(MonthlySuperbill, Option<File>)>> {
    let rows = sqlx::query!(
        r#"
        select
            superbill.document_id as "document_id: DocumentId",
            superbill.client_id as "client_id: ClientId",
            superbill.month as "month: jiff_sqlx::Date",
            superbill.missing,
            superbill.file_name,
            superbill.sha256,
            octet_length(kept.content)::bigint as size_bytes,
            superbill.with_pdf,
            superbill.create_time as "create_time: jiff_sqlx::Timestamp"
        from billing.monthly_superbills superbill
        left join billing.document_bytes kept
            on kept.practice_id = superbill.practice_id and kept.sha256 = superbill.sha256
        where superbill.practice_id = $1
            and ($2::uuid is null or superbill.client_id = $2)
            and ($3::uuid is null or superbill.document_id < $3)
        order by superbill.document_id desc
        limit $4
        "#,
        practice.uuid(),
        client.map(ClientId::uuid),
        before.map(DocumentId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let superbills = rows.into_iter().map(|row| {
        let file = match (row.file_name, row.sha256, row.size_bytes) {
            (Some(name), Some(sha256), Some(size_bytes)) => Some(File {
                name,
                size_bytes,
                sha256,
            }),
            _withheld => None,
        };
        let superbill = MonthlySuperbill {
            document: row.document_id,
            client: row.client_id,
            month: row.month.to_jiff(),
            missing: row.missing,
            with_pdf: row.with_pdf,
            create_time: row.create_time.to_jiff(),
        };
        (superbill, file)
    });
    Ok(superbills.collect())
}

/// A superbill as it was made. Errors: SUPERBILL_NOT_FOUND.
pub async fn get_pdf(
    conn: &mut PgConnection,
    practice: PracticeId,
    document: DocumentId,
) -> Result<Pdf> {
    let row = sqlx::query!(
        r#"
        select
            superbill.file_name as "file_name!",
            kept.content
        from billing.monthly_superbills superbill
        join billing.document_bytes kept
            on kept.practice_id = superbill.practice_id and kept.sha256 = superbill.sha256
        where superbill.practice_id = $1 and superbill.document_id = $2
        "#,
        practice.uuid(),
        document.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let row = row.ok_or(Error::Missing(Missing::Superbill(document)))?;
    Ok(Pdf {
        file_name: row.file_name,
        bytes: row.content,
    })
}
