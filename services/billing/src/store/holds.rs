//! Holds are read and written under their bill's lock. One that has expired counts for nothing.

use super::currency;
use crate::Result;
use ids::{BillId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;

/// What an online payment in progress has set aside of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which payment.
    pub payment: PaymentId,
    /// Of which bill.
    pub bill: BillId,
    /// Above 0.
    pub amount: Money,
    /// When it ends by itself.
    pub expire_time: Timestamp,
}

/// The hold of a payment, expired or not.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Option<Hold>> {
    let row = sqlx::query!(
        r#"
        select
            bill_id as "bill_id: BillId",
            currency,
            amount_minor,
            expire_time as "expire_time: jiff_sqlx::Timestamp"
        from billing.holds
        where practice_id = $1 and payment_id = $2
        "#,
        practice.uuid(),
        payment.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Hold {
        payment,
        bill: row.bill_id,
        amount: Money::from_minor(row.amount_minor, currency(&row.currency)?),
        expire_time: row.expire_time.to_jiff(),
    }))
}

/// What is held of a bill at this moment.
pub async fn held(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, currency): (BillId, Currency),
    now: Timestamp,
) -> Result<Money, sqlx::Error> {
    let minor = sqlx::query_scalar!(
        r#"
        select coalesce(sum(amount_minor), 0)::bigint as "held!"
        from billing.holds
        where practice_id = $1 and bill_id = $2 and expire_time > $3
        "#,
        practice.uuid(),
        bill.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .fetch_one(conn)
    .await?;
    Ok(Money::from_minor(minor, currency))
}

/// What is held of each of these bills at this moment; a bill without holds is not among them.
pub async fn held_of_each(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
    now: Timestamp,
) -> Result<Vec<(BillId, i64)>, sqlx::Error> {
    let ids: Vec<_> = bills.iter().map(|bill| bill.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select bill_id as "bill_id: BillId", sum(amount_minor)::bigint as "held!"
        from billing.holds
        where practice_id = $1 and bill_id = any($2) and expire_time > $3
        group by bill_id
        "#,
        practice.uuid(),
        &ids,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.bill_id, row.held))
        .collect())
}

/// Places a hold, or again that of a payment whose first one has expired; sweeps the bill's expired ones.
pub async fn place(
    conn: &mut PgConnection,
    practice: PracticeId,
    now: Timestamp,
    hold: &Hold,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        with swept as (
            delete from billing.holds
            where practice_id = $1 and bill_id = $3 and expire_time <= $6 and payment_id <> $2
        )
        insert into billing.holds (
            practice_id, payment_id, bill_id, currency, amount_minor, create_time, expire_time
        ) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint holds_pkey do update
        set create_time = excluded.create_time, expire_time = excluded.expire_time
        "#,
        practice.uuid(),
        hold.payment.uuid(),
        hold.bill.uuid(),
        hold.amount.currency().code(),
        hold.amount.minor(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        hold.expire_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a payment's hold; nothing happens when there is none.
pub async fn release(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        delete from billing.holds where practice_id = $1 and payment_id = $2
        "#,
        practice.uuid(),
        payment.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
