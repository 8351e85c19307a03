//! Bills that staff hold back from AutoPay.

use crate::Result;
use ids::{BillId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// Holds a bill back; one that is held keeps its time.
pub async fn hold(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, reason, by): (BillId, &str, &str),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.autopay_holds as hold (practice_id, bill_id, hold_time, reason, held_by)
        values ($1, $2, $3, $4, $5)
        on conflict on constraint autopay_holds_pkey do update
        set
            hold_time = coalesce(hold.hold_time, excluded.hold_time),
            reason = excluded.reason,
            held_by = excluded.held_by
        "#,
        practice.uuid(),
        bill.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        reason,
        by,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives a bill free, whether it was held or given up after declines: what was declined before counts no more.
pub async fn release(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, by): (BillId, &str),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.autopay_holds (practice_id, bill_id, hold_time, reason, held_by, release_time)
        values ($1, $2, null, '', $4, $3)
        on conflict on constraint autopay_holds_pkey do update
        set hold_time = null, reason = '', held_by = excluded.held_by, release_time = excluded.release_time
        "#,
        practice.uuid(),
        bill.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        by,
    )
    .execute(conn)
    .await?;
    Ok(())
}
