//! Payments as documents tell of them: what of each is where now.

use crate::Result;
use crate::domain::payment::PaymentKind;
use crate::{Error, store::currency};
use ids::{BillId, PaymentId, PracticeId, Reference};
use jiff::civil::Date;
use money::{Currency, Money};
use sqlx::PgConnection;

/// What of a payment pays a bill.
#[derive(Clone, Debug, PartialEq)]
pub struct Paid {
    /// Business date of the payment.
    pub receive_date: Date,
    /// How it came.
    pub kind: PaymentKind,
    /// The same as printed; empty when nobody said.
    pub method_text: String,
    /// Above 0.
    pub amount: Money,
    /// The payer's bank looks into it.
    pub disputed: bool,
}

/// What pays a bill, oldest first.
pub async fn on_bill(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<Vec<Paid>> {
    let rows = sqlx::query!(
        r#"
        select
            payment.receive_date as "receive_date: jiff_sqlx::Date",
            payment.kind,
            payment.method_text,
            payment.currency,
            placed.left_minor,
            exists (
                select 1
                from billing.disputes dispute
                where dispute.practice_id = $1
                    and dispute.payment_id = placed.payment_id
                    and dispute.outcome = 'open'
            ) as "disputed!"
        from billing.posted_allocations placed
        join billing.posted_payments payment
            on payment.practice_id = placed.practice_id and payment.payment_id = placed.payment_id
        where placed.practice_id = $1 and placed.bill_id = $2 and placed.left_minor > 0
        order by payment.receive_date, payment.create_time, placed.payment_id
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Paid {
                receive_date: row.receive_date.to_jiff(),
                kind: PaymentKind::of(&row.kind).ok_or(Error::Stored("a payment's kind"))?,
                method_text: row.method_text,
                amount: Money::from_minor(row.left_minor, currency(&row.currency)?),
                disputed: row.disputed,
            })
        })
        .collect()
}

/// A bill that a payment went to.
#[derive(Clone, Debug, PartialEq)]
pub struct PaidBill {
    /// Its number.
    pub number: i64,
    /// Its Invoice #.
    pub reference: Reference,
    /// Local day.
    pub issue_date: Date,
    /// What of the payment pays it now.
    pub applied: Money,
    /// What the client still owes on it.
    pub left: Money,
}

/// The bills that a payment went to, in the order of its allocations. Amounts are in the payment's currency.
pub async fn bills_of_payment(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
    currency: Currency,
) -> Result<Vec<PaidBill>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            bill.number,
            bill.reference as "reference: Reference",
            bill.issue_date as "issue_date: jiff_sqlx::Date",
            bill.client_balance_minor,
            placed.left_minor
        from billing.posted_allocations placed
        join billing.bills bill
            on bill.practice_id = placed.practice_id and bill.bill_id = placed.bill_id
        where placed.practice_id = $1 and placed.payment_id = $2
        order by placed.position
        "#,
        practice.uuid(),
        payment.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let bills = rows.into_iter().map(|row| PaidBill {
        number: row.number,
        reference: row.reference,
        issue_date: row.issue_date.to_jiff(),
        applied: Money::from_minor(row.left_minor, currency),
        left: Money::from_minor(row.client_balance_minor, currency),
    });
    Ok(bills.collect())
}

/// What was given back of a payment.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenBack {
    /// Business date.
    pub refund_date: Date,
    /// It stays with the practice, as the client's credit.
    pub to_credit: bool,
    /// Above 0.
    pub amount: Money,
}

/// What was given back of a payment, oldest first. Amounts are in the payment's currency.
pub async fn refunds_of_payment(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
    currency: Currency,
) -> Result<Vec<GivenBack>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            refund_date as "refund_date: jiff_sqlx::Date",
            to_credit,
            amount_minor
        from billing.posted_refunds
        where practice_id = $1 and payment_id = $2 and return_time is null
        order by refund_date, create_time, refund_id
        "#,
        practice.uuid(),
        payment.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let refunds = rows.into_iter().map(|row| GivenBack {
        refund_date: row.refund_date.to_jiff(),
        to_credit: row.to_credit,
        amount: Money::from_minor(row.amount_minor, currency),
    });
    Ok(refunds.collect())
}
