//! A refund's two events write one column each, so either may come first.

use crate::Result;
use crate::domain::booked::Refund;
use ids::{PracticeId, RefundId};
use sqlx::types::Uuid;
use sqlx::{PgConnection, query};
use std::collections::BTreeMap;

/// Notes what was told of refunds; what was not stays.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: PracticeId,
    refunds: &BTreeMap<RefundId, Refund>,
) -> Result<()> {
    if refunds.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = refunds.keys().map(|refund| refund.uuid()).collect();
    let told = || refunds.values();
    let payments: Vec<Option<Uuid>> = told()
        .map(|refund| refund.payment.map(|payment| payment.uuid()))
        .collect();
    let returned: Vec<Option<i64>> = told()
        .map(|refund| refund.returned.map(|returned| returned.minor()))
        .collect();
    query!(
        r#"
        insert into reporting.refunds as refund (practice_id, refund_id, payment_id, returned_minor)
        select $1, told.refund_id, told.payment_id, told.returned
        from unnest($2::uuid[], $3::uuid[], $4::bigint[]) as told (refund_id, payment_id, returned)
        on conflict on constraint refunds_pkey do update
        set
            payment_id = coalesce(excluded.payment_id, refund.payment_id),
            returned_minor = coalesce(excluded.returned_minor, refund.returned_minor)
        "#,
        practice.uuid(),
        &ids,
        &payments as &[Option<Uuid>],
        &returned as &[Option<i64>],
    )
    .execute(conn)
    .await?;
    Ok(())
}
