use super::{currency, minors};
use crate::domain::payment::Placed;
use crate::domain::refund::Payment;
use crate::{Error, Result};
use ids::{BillId, ClientId, EntryId, PaymentId, PracticeId, RefundId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use uuid::Uuid;

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
    /// The payer's bank sent it back.
    pub returned: bool,
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
            fingerprint,
            return_time is not null as "returned!"
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
        returned: row.returned,
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

/// A refund came back, as `entry` books.
pub async fn update_returned(
    conn: &mut PgConnection,
    practice: PracticeId,
    (refund, entry): (RefundId, EntryId),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.posted_refunds
        set return_time = $3, return_entry_id = $4
        where practice_id = $1 and refund_id = $2
        "#,
        practice.uuid(),
        refund.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        entry.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How much less of a payment lies on each bill than at first. The payment's lock keeps it still.
pub async fn room_of_payment(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: &Payment,
) -> Result<Vec<Placed>> {
    let rows = sqlx::query!(
        r#"
        select
            bill_id as "bill_id: BillId",
            amount_minor - left_minor as "room!"
        from billing.posted_allocations
        where practice_id = $1 and payment_id = $2
        order by position
        "#,
        practice.uuid(),
        payment.payment.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let room = rows.into_iter().map(|row| Placed {
        payment: payment.payment,
        bill: row.bill_id,
        left: Money::from_minor(row.room, payment.amount.currency()),
    });
    Ok(room.collect())
}

/// Puts money that came back on the payments' allocations again; `left` is how much.
pub async fn place_again(
    conn: &mut PgConnection,
    practice: PracticeId,
    placed: &[Placed],
) -> Result<(), sqlx::Error> {
    let payments: Vec<Uuid> = placed.iter().map(|place| place.payment.uuid()).collect();
    let bills: Vec<Uuid> = placed.iter().map(|place| place.bill.uuid()).collect();
    sqlx::query!(
        r#"
        update billing.posted_allocations placed
        set left_minor = placed.left_minor + back.amount
        from (
            select part.payment_id, part.bill_id, sum(part.amount)::bigint as amount
            from unnest($2::uuid[], $3::uuid[], $4::bigint[]) as part (payment_id, bill_id, amount)
            group by part.payment_id, part.bill_id
        ) back
        where placed.practice_id = $1
            and placed.payment_id = back.payment_id
            and placed.bill_id = back.bill_id
        "#,
        practice.uuid(),
        &payments,
        &bills,
        &minors(placed, |place| place.left),
    )
    .execute(conn)
    .await?;
    Ok(())
}
