//! All projections of a practice together.

use crate::{BILLING, Result, SCHEMA};
use ids::PracticeId;
use pg::Tx;
use pg::feed::rewind;
use sqlx::{query, query_scalar};

/// The last event of billing's that is in the projections; 0 for none.
pub async fn applied(tx: &mut Tx, practice: PracticeId) -> Result<i64> {
    let applied = query_scalar!(
        r#"
        select applied
        from reporting.cursors
        where practice_id = $1 and source = $2
        "#,
        practice.uuid(),
        BILLING,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(applied.unwrap_or(0))
}

/// Throws the practice's projections away and has the feed read again from the first event.
pub async fn delete(tx: &mut Tx, practice: PracticeId) -> Result<()> {
    rewind(tx, SCHEMA, BILLING, practice).await?;
    query!(
        r#"
        with refunds as (
            delete from reporting.refunds where practice_id = $1
        ), revenue_days as (
            delete from reporting.revenue_days where practice_id = $1
        ), account_totals as (
            delete from reporting.account_totals where practice_id = $1
        )
        delete from reporting.payments where practice_id = $1
        "#,
        practice.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
