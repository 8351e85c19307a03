use crate::Result;
use ids::{DetachmentId, MethodId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// A token that the processor is to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detachment {
    /// Its id.
    pub detachment: DetachmentId,
    /// Whose token it was.
    pub method: MethodId,
    /// The practice's own account at the processor, `acct_…`; none: the installation's.
    pub account: Option<String>,
    /// `pm_…`.
    pub processor_method: String,
}

/// Writes down that a token is to be forgotten; false when that is known already.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    detachment: &Detachment,
    now: Timestamp,
) -> Result<bool> {
    let written = sqlx::query!(
        r#"
        insert into payments.detachments (
            practice_id, detachment_id, method_id, processor_method, create_time, processor_account
        ) values ($1, $2, $3, $4, $5, $6)
        on conflict on constraint detachments_token_key do nothing
        "#,
        practice.uuid(),
        detachment.detachment.uuid(),
        detachment.method.uuid(),
        detachment.processor_method,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        detachment.account,
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// What is to be forgotten; none when it was.
pub async fn find_open(
    conn: &mut PgConnection,
    practice: PracticeId,
    detachment: DetachmentId,
) -> Result<Option<Detachment>> {
    let row = sqlx::query!(
        r#"
        select
            method_id as "method_id: MethodId",
            processor_account,
            processor_method
        from payments.detachments
        where practice_id = $1 and detachment_id = $2 and detach_time is null
        "#,
        practice.uuid(),
        detachment.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Detachment {
        detachment,
        method: row.method_id,
        account: row.processor_account,
        processor_method: row.processor_method,
    }))
}

/// The processor has forgotten it.
pub async fn finish(
    conn: &mut PgConnection,
    practice: PracticeId,
    detachment: DetachmentId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.detachments
        set detach_time = $3
        where practice_id = $1 and detachment_id = $2 and detach_time is null
        "#,
        practice.uuid(),
        detachment.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a payment with this token is on its way.
pub async fn is_in_use(
    conn: &mut PgConnection,
    practice: PracticeId,
    processor_method: &str,
) -> Result<bool> {
    let used = sqlx::query_scalar!(
        r#"
        select exists (
            select 1
            from payments.payments
            where practice_id = $1
                and processor_method = $2
                and state in ('created', 'requires_action', 'processing', 'unknown')
        ) as "used!"
        "#,
        practice.uuid(),
        processor_method,
    )
    .fetch_one(conn)
    .await?;
    Ok(used)
}
