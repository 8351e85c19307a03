//! Closings change under their refund's payment's lock.

use crate::Result;
use ids::{PracticeId, RefundId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// What somebody of the practice said of a refund whose end could not be learnt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundClosing {
    /// The money went back.
    pub refunded: bool,
    /// Why they say so; not empty.
    pub reason: String,
    /// The subject of whoever said it.
    pub closed_by: String,
    /// When.
    pub close_time: Timestamp,
    /// When the processor said otherwise.
    pub overrule_time: Option<Timestamp>,
}

/// Keeps what was said of a refund.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    (refund, closing): (RefundId, &RefundClosing),
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.refund_closings (practice_id, refund_id, refunded, reason, closed_by, close_time)
        values ($1, $2, $3, $4, $5, $6)
        "#,
        practice.uuid(),
        refund.uuid(),
        closing.refunded,
        closing.reason,
        closing.closed_by,
        closing.close_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The processor says otherwise.
pub async fn overrule(
    conn: &mut PgConnection,
    practice: PracticeId,
    refund: RefundId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.refund_closings
        set overrule_time = $3
        where practice_id = $1 and refund_id = $2 and overrule_time is null
        "#,
        practice.uuid(),
        refund.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
