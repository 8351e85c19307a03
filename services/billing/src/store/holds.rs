//! Holds are read and written under their bill's lock. One that has expired counts for nothing.

use super::currency;
use crate::Result;
use crate::domain::payment::Allocation;
use ids::{BillId, ClientId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use sqlx::PgConnection;

/// What an online payment in progress has set aside of one bill.
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

/// What a payment holds, expired or not, by bill.
pub async fn list_of(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Vec<Hold>> {
    let rows = sqlx::query!(
        r#"
        select
            bill_id as "bill_id: BillId",
            currency,
            amount_minor,
            expire_time as "expire_time: jiff_sqlx::Timestamp"
        from billing.holds
        where practice_id = $1 and payment_id = $2
        order by bill_id
        "#,
        practice.uuid(),
        payment.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Hold {
                payment,
                bill: row.bill_id,
                amount: Money::from_minor(row.amount_minor, currency(&row.currency)?),
                expire_time: row.expire_time.to_jiff(),
            })
        })
        .collect()
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

/// What is held of all bills of a client at this moment: on its way, not yet paid.
pub async fn held_of_client(
    conn: &mut PgConnection,
    practice: PracticeId,
    (client, currency): (ClientId, Currency),
    now: Timestamp,
) -> Result<Money, sqlx::Error> {
    let minor = sqlx::query_scalar!(
        r#"
        select coalesce(sum(hold.amount_minor), 0)::bigint as "held!"
        from billing.holds hold
        join billing.bills bill on bill.practice_id = hold.practice_id and bill.bill_id = hold.bill_id
        where hold.practice_id = $1 and bill.client_id = $2 and hold.expire_time > $3
        "#,
        practice.uuid(),
        client.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .fetch_one(conn)
    .await?;
    Ok(Money::from_minor(minor, currency))
}

/// Places holds on bills that are locked, or again those of a payment whose first ones have expired; sweeps the bills'
/// expired ones of other payments.
pub async fn place(
    conn: &mut PgConnection,
    practice: PracticeId,
    now: Timestamp,
    (payment, expire_time): (PaymentId, Timestamp),
    parts: &[Allocation],
) -> Result<(), sqlx::Error> {
    let bills: Vec<_> = parts.iter().map(|part| part.bill.uuid()).collect();
    let amounts: Vec<_> = parts.iter().map(|part| part.amount.minor()).collect();
    let codes = parts.iter().map(|part| part.amount.currency().code());
    let currencies: Vec<_> = codes.map(str::to_owned).collect();
    sqlx::query!(
        r#"
        with swept as (
            delete from billing.holds
            where practice_id = $1 and bill_id = any($3) and expire_time <= $6 and payment_id <> $2
        )
        insert into billing.holds (
            practice_id, payment_id, bill_id, currency, amount_minor, create_time, expire_time
        )
        select $1, $2, part.bill_id, part.currency, part.amount_minor, $6, $7
        from unnest($3::uuid[], $4::text[], $5::bigint[]) as part (bill_id, currency, amount_minor)
        on conflict on constraint holds_pkey do update
        set create_time = excluded.create_time, expire_time = excluded.expire_time
        "#,
        practice.uuid(),
        payment.uuid(),
        &bills,
        &currencies,
        &amounts,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        expire_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets what a payment holds last until then, never shorter; when it ends. None when it holds nothing any more.
pub async fn extend(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
    (now, expire_time): (Timestamp, Timestamp),
) -> Result<Option<Timestamp>, sqlx::Error> {
    let ends = sqlx::query_scalar!(
        r#"
        update billing.holds
        set expire_time = greatest(expire_time, $4)
        where practice_id = $1 and payment_id = $2 and expire_time > $3
        returning expire_time as "expire_time: jiff_sqlx::Timestamp"
        "#,
        practice.uuid(),
        payment.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        expire_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .fetch_all(conn)
    .await?;
    Ok(ends.into_iter().map(jiff_sqlx::Timestamp::to_jiff).min())
}

/// Ends what a payment holds; nothing happens when there is nothing.
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
