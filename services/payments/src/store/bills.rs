use super::currency;
use crate::domain::words;
use crate::{Error, Result};
use ids::{BillId, ClientId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;

words! {
    /// Where a bill stands.
    BillStatus {
        /// Something is due.
        Open "open",
        /// Nothing is due.
        Paid "paid",
        /// Taken back.
        Cancelled "cancelled",
    }
}

/// What payments knows of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The bill.
    pub bill: BillId,
    /// Whose.
    pub client: ClientId,
    /// As billing last said.
    pub status: BillStatus,
    /// What the client still owes, as billing last said.
    pub client_balance: Money,
    /// Local day.
    pub due_date: Date,
    /// Local day of the latest service on it; none for products only.
    pub last_service_date: Option<Date>,
    /// Invoice #.
    pub reference: String,
    /// Running number.
    pub number: i64,
}

/// Those of the bills that are known.
pub async fn find_many(
    conn: &mut PgConnection,
    practice: PracticeId,
    bills: &[BillId],
) -> Result<Vec<Bill>> {
    let ids: Vec<_> = bills.iter().map(|bill| bill.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            bill_id as "bill_id: BillId",
            client_id as "client_id: ClientId",
            status,
            currency,
            client_balance_minor,
            due_date as "due_date: jiff_sqlx::Date",
            last_service_date as "last_service_date: jiff_sqlx::Date",
            reference,
            number
        from payments.bills
        where practice_id = $1 and bill_id = any($2)
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Bill {
                bill: row.bill_id,
                client: row.client_id,
                status: BillStatus::of(&row.status).ok_or(Error::Stored("a bill's status"))?,
                client_balance: Money::from_minor(
                    row.client_balance_minor,
                    currency(&row.currency)?,
                ),
                due_date: row.due_date.to_jiff(),
                last_service_date: row.last_service_date.map(jiff_sqlx::Date::to_jiff),
                reference: row.reference,
                number: row.number,
            })
        })
        .collect()
}

/// Whether a bill of the client is known.
pub async fn has_client(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<bool> {
    let known = sqlx::query_scalar!(
        r#"
        select exists (
            select 1 from payments.bills where practice_id = $1 and client_id = $2
        ) as "known!"
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(known)
}

/// What billing's feed says: the latest word, in its order.
pub async fn upsert(conn: &mut PgConnection, practice: PracticeId, bill: &Bill) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.bills (
            practice_id, bill_id, client_id, status, currency, client_balance_minor, due_date, last_service_date,
            reference, number
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict on constraint bills_pkey do update
        set
            status = excluded.status,
            client_balance_minor = excluded.client_balance_minor,
            due_date = excluded.due_date,
            last_service_date = excluded.last_service_date
        "#,
        practice.uuid(),
        bill.bill.uuid(),
        bill.client.uuid(),
        bill.status.name(),
        bill.client_balance.currency().code(),
        bill.client_balance.minor(),
        bill.due_date.to_sqlx() as jiff_sqlx::Date,
        bill.last_service_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        bill.reference,
        bill.number,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What billing answered before its feed came here. One that the feed has told of meanwhile stays.
pub async fn insert_missing(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: &Bill,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.bills (
            practice_id, bill_id, client_id, status, currency, client_balance_minor, due_date, last_service_date,
            reference, number
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict on constraint bills_pkey do nothing
        "#,
        practice.uuid(),
        bill.bill.uuid(),
        bill.client.uuid(),
        bill.status.name(),
        bill.client_balance.currency().code(),
        bill.client_balance.minor(),
        bill.due_date.to_sqlx() as jiff_sqlx::Date,
        bill.last_service_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        bill.reference,
        bill.number,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What AutoPay needs to know besides, as an event says of a bill that is known: since when it is owed, and what insurance
/// still owes.
pub async fn update_owed(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, insurance_balance): (BillId, Money),
    occur_time: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.bills
        set
            owed_since = case
                when status = 'open' and client_balance_minor > 0 then coalesce(owed_since, $4)
            end,
            insurance_balance_minor = $3
        where practice_id = $1 and bill_id = $2
        "#,
        practice.uuid(),
        bill.uuid(),
        insurance_balance.minor(),
        occur_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An insurer paid on account, or decided. What was decided stays decided.
pub async fn update_insurer(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, decided): (BillId, bool),
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.bills
        set insurer_paid = true, insurer_decided = insurer_decided or $3
        where practice_id = $1 and bill_id = $2
        "#,
        practice.uuid(),
        bill.uuid(),
        decided,
    )
    .execute(conn)
    .await?;
    Ok(())
}
