use crate::Result;
use ids::{PaymentId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// What somebody of the practice said of a payment whose end could not be learnt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The money was taken.
    pub charged: bool,
    /// Why they say so; not empty.
    pub reason: String,
    /// The subject of whoever said it.
    pub closed_by: String,
    /// When.
    pub close_time: Timestamp,
}

/// Keeps what was said of a locked payment.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    (payment, closing): (PaymentId, &Closing),
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.payment_closings (practice_id, payment_id, charged, reason, closed_by, close_time)
        values ($1, $2, $3, $4, $5, $6)
        "#,
        practice.uuid(),
        payment.uuid(),
        closing.charged,
        closing.reason,
        closing.closed_by,
        closing.close_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What was said of those of these payments that were closed by hand.
pub async fn list_of(
    conn: &mut PgConnection,
    practice: PracticeId,
    payments: &[Uuid],
) -> Result<Vec<(PaymentId, Closing)>> {
    let rows = sqlx::query!(
        r#"
        select
            payment_id as "payment_id: PaymentId",
            charged,
            reason,
            closed_by,
            close_time as "close_time: jiff_sqlx::Timestamp"
        from payments.payment_closings
        where practice_id = $1 and payment_id = any($2)
        "#,
        practice.uuid(),
        payments,
    )
    .fetch_all(conn)
    .await?;
    let closings = rows.into_iter().map(|row| {
        let closing = Closing {
            charged: row.charged,
            reason: row.reason,
            closed_by: row.closed_by,
            close_time: row.close_time.to_jiff(),
        };
        (row.payment_id, closing)
    });
    Ok(closings.collect())
}
