//! Why credit was taken off bills. Rows are never changed.

use ids::{BillId, EntryId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// What the entry of a reversal does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditReversal {
    /// Its entry.
    pub entry: EntryId,
    /// Off this bill.
    pub bill: BillId,
    /// In the practice's words; may be empty.
    pub reason: String,
    /// The caller's subject.
    pub reversed_by: String,
}

/// Writes it down.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    reversal: &CreditReversal,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.credit_reversals (practice_id, entry_id, bill_id, reason, reversed_by, create_time)
        values ($1, $2, $3, $4, $5, $6)
        "#,
        practice.uuid(),
        reversal.entry.uuid(),
        reversal.bill.uuid(),
        reversal.reason,
        reversal.reversed_by,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
