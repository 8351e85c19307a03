//! What bills said before and after they were edited, append-only.

use ids::{BillId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// A bill before and after one of its edits.
#[derive(Clone, Debug, PartialEq)]
pub struct BillChange {
    /// The bill as it was shown: its contract's message, encoded.
    pub former: Vec<u8>,
    /// The same right after the edit; none when a version before did not keep it.
    pub latter: Option<Vec<u8>>,
    /// Who changed it.
    pub made_by: String,
    /// When.
    pub create_time: Timestamp,
}

/// Keeps what a bill said before it was changed from this revision, and after.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, revision): (BillId, i64),
    change: &BillChange,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.bill_changes (
            practice_id, bill_id, revision, former, latter, made_by, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        practice.uuid(),
        bill.uuid(),
        revision,
        change.former,
        change.latter.as_deref(),
        change.made_by,
        change.create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// At most `limit` changes, newest first.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
    limit: i64,
) -> Result<Vec<BillChange>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select former, latter, made_by, create_time as "create_time: jiff_sqlx::Timestamp"
        from billing.bill_changes
        where practice_id = $1 and bill_id = $2
        order by revision desc
        limit $3
        "#,
        practice.uuid(),
        bill.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let changes = rows.into_iter().map(|row| BillChange {
        former: row.former,
        latter: row.latter,
        made_by: row.made_by,
        create_time: row.create_time.to_jiff(),
    });
    Ok(changes.collect())
}
