//! When the next call may be made to an account of the processor. One row per account is the lock: slots are given out one
//! after the other, to all replicas.

use crate::Result;
use crate::domain::pacing;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// Takes the next slot of an account.
pub async fn take(conn: &mut PgConnection, account: &str, now: Timestamp) -> Result<Timestamp> {
    let interval = i64::try_from(pacing::interval().as_micros()).unwrap_or(i64::MAX);
    let slot = sqlx::query_scalar!(
        r#"
        insert into payments.call_slots as slot (account, next_time)
        values ($1, $2::timestamptz + $3 * interval '1 microsecond')
        on conflict on constraint call_slots_pkey do update
        set next_time = greatest(slot.next_time, $2::timestamptz) + $3 * interval '1 microsecond'
        returning next_time - $3 * interval '1 microsecond' as "slot!: jiff_sqlx::Timestamp"
        "#,
        account,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        interval as f64,
    )
    .fetch_one(conn)
    .await?;
    Ok(slot.to_jiff())
}

/// Leaves an account alone until then, for everybody.
pub async fn hold_off(conn: &mut PgConnection, account: &str, until: Timestamp) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.call_slots as slot (account, next_time)
        values ($1, $2)
        on conflict on constraint call_slots_pkey do update
        set next_time = greatest(slot.next_time, excluded.next_time)
        "#,
        account,
        until.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
