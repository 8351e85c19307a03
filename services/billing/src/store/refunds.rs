use super::currency;
use crate::{Error, Result};
use ids::{ClientId, EntryId, PaymentId, PracticeId, RefundId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;

/// A refund as it was booked.
#[derive(Clone, Debug, PartialEq)]
pub struct PostedRefund {
    /// The refund.
    pub refund: RefundId,
    /// What it gives back.
    pub payment: PaymentId,
    /// Whose.
    pub client: ClientId,
    /// Its entry.
    pub entry: EntryId,
    /// Above 0.
    pub amount: Money,
    /// Business date.
    pub refund_date: Date,
    /// It stays as credit.
    pub to_credit: bool,
    /// SHA-256 of what was asked.
    pub fingerprint: [u8; 32],
}

/// A booked refund; none when it is not booked.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    refund: RefundId,
) -> Result<Option<PostedRefund>> {
    let row = sqlx::query!(
        r#"
        select
            payment_id as "payment_id: PaymentId",
            client_id as "client_id: ClientId",
            entry_id as "entry_id: EntryId",
            currency,
            amount_minor,
            refund_date as "refund_date: jiff_sqlx::Date",
            to_credit,
            fingerprint
        from billing.posted_refunds
        where practice_id = $1 and refund_id = $2
        "#,
        practice.uuid(),
        refund.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(PostedRefund {
        refund,
        payment: row.payment_id,
        client: row.client_id,
        entry: row.entry_id,
        amount: Money::from_minor(row.amount_minor, currency(&row.currency)?),
        refund_date: row.refund_date.to_jiff(),
        to_credit: row.to_credit,
        fingerprint: row
            .fingerprint
            .try_into()
            .map_err(|_| Error::Stored("a fingerprint"))?,
    }))
}

/// Writes a booked refund.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    now: Timestamp,
    refund: &PostedRefund,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.posted_refunds (
            practice_id, refund_id, payment_id, client_id, entry_id, currency, amount_minor, refund_date,
            to_credit, fingerprint, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        "#,
        practice.uuid(),
        refund.refund.uuid(),
        refund.payment.uuid(),
        refund.client.uuid(),
        refund.entry.uuid(),
        refund.amount.currency().code(),
        refund.amount.minor(),
        refund.refund_date.to_sqlx() as jiff_sqlx::Date,
        refund.to_credit,
        refund.fingerprint.as_slice(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
