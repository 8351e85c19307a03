//! Lock order: the code's row is the only one locked here.

use crate::domain::access_code::Standing;
use crate::{Error, Result};
use ::rpc::Invalid;
use ids::{BillId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use pg::OnConstraint;
use sqlx::PgConnection;
use uuid::Uuid;

/// The code of a bill as it is kept.
#[derive(Clone, Debug)]
pub struct AccessCode {
    /// Argon2id over the keyed code, PHC string.
    pub code_hash: String,
    /// SHA-256 of the link token.
    pub link_digest: Vec<u8>,
    /// Code and link token, sealed.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub issue_time: Timestamp,
    /// How many guesses it still stands.
    pub standing: Standing,
}

/// Which bill an Invoice # means, of any practice.
pub async fn find_bill(
    conn: &mut PgConnection,
    reference: &str,
) -> Result<Option<(PracticeId, BillId)>> {
    let row = sqlx::query!(
        r#"
        select
            practice_id as "practice_id: PracticeId",
            bill_id as "bill_id: BillId"
        from portal_auth.bill_references
        where reference = $1
        "#,
        reference,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.practice_id, row.bill_id)))
}

/// The Invoice # of a bill.
pub async fn find_reference(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<Option<String>> {
    let reference = sqlx::query_scalar!(
        r#"
        select reference
        from portal_auth.bill_references
        where practice_id = $1 and bill_id = $2
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(reference)
}

/// Notes which bill an Invoice # means; noting it again is fine. Errors: INVALID_FIELD when it is another bill's.
pub async fn insert_reference(
    conn: &mut PgConnection,
    reference: &str,
    practice: PracticeId,
    bill: BillId,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into portal_auth.bill_references (reference, practice_id, bill_id)
        values ($1, $2, $3)
        on conflict on constraint bill_references_bill_key do nothing
        "#,
        reference,
        practice.uuid(),
        bill.uuid(),
    )
    .execute(conn)
    .await
    .map(|_| ())
    .on_constraint("bill_references_pkey", foreign_reference)
}

/// An Invoice # stands for one bill, and a bill has one.
pub fn foreign_reference() -> Error {
    Invalid::new("reference", "must be the bill's own Invoice #").into()
}

/// The code of a bill, locked until the transaction ends.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<Option<AccessCode>> {
    let row = sqlx::query!(
        r#"
        select
            code_hash,
            link_digest,
            sealed,
            issue_time as "issue_time: jiff_sqlx::Timestamp",
            failures_in_row,
            failures_in_life,
            lock_end_time as "lock_end_time: jiff_sqlx::Timestamp",
            burn_time is not null as "burned!",
            retire_time is not null as "retired!"
        from portal_auth.access_codes
        where practice_id = $1 and bill_id = $2
        for update
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| AccessCode {
        code_hash: row.code_hash,
        link_digest: row.link_digest,
        sealed: row.sealed,
        issue_time: row.issue_time.to_jiff(),
        standing: Standing {
            failures_in_row: row.failures_in_row,
            failures_in_life: row.failures_in_life,
            lock_end_time: row.lock_end_time.map(jiff_sqlx::Timestamp::to_jiff),
            burned: row.burned,
            retired: row.retired,
        },
    }))
}

/// Puts a new code in place of what the bill had.
pub async fn replace(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
    code: &AccessCode,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into portal_auth.access_codes as code (
            practice_id, bill_id, code_hash, link_digest, sealed, issue_time, failures_in_row, failures_in_life
        ) values ($1, $2, $3, $4, $5, $6, 0, 0)
        on conflict (practice_id, bill_id) do update set
            code_hash = excluded.code_hash,
            link_digest = excluded.link_digest,
            sealed = excluded.sealed,
            issue_time = excluded.issue_time,
            failures_in_row = 0,
            failures_in_life = 0,
            lock_end_time = null,
            burn_time = null,
            retire_time = null
        "#,
        practice.uuid(),
        bill.uuid(),
        code.code_hash,
        code.link_digest,
        code.sealed,
        code.issue_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes where the code stands now.
pub async fn update_standing(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
    standing: Standing,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update portal_auth.access_codes
        set
            failures_in_row = $3,
            failures_in_life = $4,
            lock_end_time = $5,
            burn_time = case when $6 then coalesce(burn_time, $7) end
        where practice_id = $1 and bill_id = $2
        "#,
        practice.uuid(),
        bill.uuid(),
        standing.failures_in_row,
        standing.failures_in_life,
        standing.lock_end_time.map(ToSqlx::to_sqlx) as Option<jiff_sqlx::Timestamp>,
        standing.burned,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The bills are paid or cancelled: their codes open nothing more. Retiring again is fine.
pub async fn retire(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
    now: Timestamp,
) -> Result<()> {
    if bills.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = bills.iter().map(|bill| bill.uuid()).collect();
    sqlx::query!(
        r#"
        update portal_auth.access_codes
        set retire_time = $3
        where practice_id = $1 and bill_id = any($2) and retire_time is null
        "#,
        practice.uuid(),
        &ids,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
