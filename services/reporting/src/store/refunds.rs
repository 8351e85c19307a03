//! A refund's two events write one column each, so either may come first.

use crate::Result;
use ids::{PaymentId, PracticeId, RefundId};
use money::Money;
use sqlx::{PgConnection, query};

/// Notes which payment a refund gives back.
pub async fn set_payment(
    conn: &mut PgConnection,
    practice: PracticeId,
    refund: RefundId,
    payment: PaymentId,
) -> Result<()> {
    query!(
        r#"
        insert into reporting.refunds (practice_id, refund_id, payment_id)
        values ($1, $2, $3)
        on conflict on constraint refunds_pkey do update
        set payment_id = excluded.payment_id
        "#,
        practice.uuid(),
        refund.uuid(),
        payment.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes what left the practice's accounts with it; 0 when it stays as credit.
pub async fn set_returned(
    conn: &mut PgConnection,
    practice: PracticeId,
    refund: RefundId,
    returned: Money,
) -> Result<()> {
    query!(
        r#"
        insert into reporting.refunds (practice_id, refund_id, returned_minor)
        values ($1, $2, $3)
        on conflict on constraint refunds_pkey do update
        set returned_minor = excluded.returned_minor
        "#,
        practice.uuid(),
        refund.uuid(),
        returned.minor(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
