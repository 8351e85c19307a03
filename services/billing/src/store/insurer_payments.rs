use super::currency;
use crate::{Error, Result};
use ids::{BillId, EntryId, InsurerPaymentId, PayerId, PolicyId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;

/// An insurer's payment or decision as it was booked.
#[derive(Clone, Debug, PartialEq)]
pub struct InsurerPayment {
    /// Its id.
    pub id: InsurerPaymentId,
    /// The bill.
    pub bill: BillId,
    /// By which policy.
    pub policy: PolicyId,
    /// Who paid.
    pub payer: PayerId,
    /// Its entry.
    pub entry: EntryId,
    /// 0 or more; 0 only with a decision.
    pub paid: Money,
    /// What the client owes in the end; none for a payment on account.
    pub client_owes: Option<Money>,
    /// What became the client's credit.
    pub credited: Money,
    /// Business date.
    pub receive_date: Date,
    /// Check or EFT number.
    pub check_number: String,
    /// For the practice.
    pub note: String,
}

/// Errors: `Stored` when it is not there: only our own rows name it.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    id: InsurerPaymentId,
) -> Result<InsurerPayment> {
    let row = sqlx::query!(
        r#"
        select
            bill_id as "bill_id: BillId",
            policy_id as "policy_id: PolicyId",
            payer_id as "payer_id: PayerId",
            entry_id as "entry_id: EntryId",
            currency,
            paid_minor,
            client_owes_minor,
            credited_minor,
            receive_date as "receive_date: jiff_sqlx::Date",
            check_number,
            note
        from billing.insurer_payments
        where practice_id = $1 and insurer_payment_id = $2
        "#,
        practice.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::Stored("an insurer's payment that is not there"))?;
    let currency = currency(&row.currency)?;
    let money = |minor| Money::from_minor(minor, currency);
    Ok(InsurerPayment {
        id,
        bill: row.bill_id,
        policy: row.policy_id,
        payer: row.payer_id,
        entry: row.entry_id,
        paid: money(row.paid_minor),
        client_owes: row.client_owes_minor.map(money),
        credited: money(row.credited_minor),
        receive_date: row.receive_date.to_jiff(),
        check_number: row.check_number,
        note: row.note,
    })
}

/// Whether an insurer has paid or decided anything on a bill.
pub async fn exists_on_bill(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select 1 from billing.insurer_payments where practice_id = $1 and bill_id = $2
        ) as "exists!"
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_one(conn)
    .await
}

/// Writes an insurer's payment.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    now: Timestamp,
    payment: &InsurerPayment,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.insurer_payments (
            practice_id, insurer_payment_id, bill_id, policy_id, payer_id, entry_id, currency, paid_minor,
            client_owes_minor, credited_minor, receive_date, check_number, note, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        "#,
        practice.uuid(),
        payment.id.uuid(),
        payment.bill.uuid(),
        payment.policy.uuid(),
        payment.payer.uuid(),
        payment.entry.uuid(),
        payment.paid.currency().code(),
        payment.paid.minor(),
        payment.client_owes.map(Money::minor),
        payment.credited.minor(),
        payment.receive_date.to_sqlx() as jiff_sqlx::Date,
        payment.check_number,
        payment.note,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether an insurer has decided what the client owes on a bill, at that time or later.
pub async fn decided_since(
    conn: &mut PgConnection,
    practice: PracticeId,
    (bill, since): (BillId, Timestamp),
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select 1
            from billing.insurer_payments
            where practice_id = $1
                and bill_id = $2
                and client_owes_minor is not null
                and create_time >= $3
        ) as "exists!"
        "#,
        practice.uuid(),
        bill.uuid(),
        since.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .fetch_one(conn)
    .await
}
