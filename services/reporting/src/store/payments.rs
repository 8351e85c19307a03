//! The rows of the Payments report.

use super::amount;
use crate::domain::payment::{PaidBy, Payment};
use crate::{Error, Result};
use ids::{ClientId, PaymentId, PracticeId};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::{PgConnection, query};

/// Business days, both included; an absent one is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// First day.
    pub from: Option<Date>,
    /// Last day.
    pub to: Option<Date>,
}

impl Range {
    pub(crate) fn first(self) -> Option<jiff_sqlx::Date> {
        self.from.map(|day| day.to_sqlx())
    }

    pub(crate) fn last(self) -> Option<jiff_sqlx::Date> {
        self.to.map(|day| day.to_sqlx())
    }
}

/// Where a row stands in the report: its day, and the event that booked it.
pub type Position = (Date, i64);

/// A row of the report.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymentRow {
    /// The payment.
    pub payment: Payment,
    /// What of it went back.
    pub refunded: Money,
    /// The event that booked it.
    pub booked_sequence: i64,
}

/// A method and its sum.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodTotal {
    /// As in the rows.
    pub method: String,
    /// Payments.
    pub count: i64,
    /// What came.
    pub amount: Money,
    /// What went back.
    pub refunded: Money,
}

/// The payment came on another day than was said.
pub async fn update_day(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
    receive_date: Date,
) -> Result<()> {
    query!(
        r#"
        update reporting.payments
        set receive_date = $3
        where practice_id = $1 and payment_id = $2
        "#,
        practice.uuid(),
        payment.uuid(),
        receive_date.to_sqlx() as jiff_sqlx::Date,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// At most `limit` rows of the range after a position, oldest first.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    range: Range,
    (after, limit): (Option<Position>, i64),
) -> Result<Vec<PaymentRow>> {
    let after_day = after.map(|(day, _)| day.to_sqlx());
    let rows = query!(
        r#"
        select
            payment_id,
            payer,
            client_id as "client: ClientId",
            method,
            payer_name,
            receive_date as "receive_date: jiff_sqlx::Date",
            booked_sequence,
            currency,
            amount_minor,
            credited_minor,
            coalesce((
                select sum(refund.returned_minor)
                from reporting.refunds as refund
                where refund.practice_id = payment.practice_id and refund.payment_id = payment.payment_id
            ), 0)::bigint as "refunded_minor!"
        from reporting.payments as payment
        where practice_id = $1
            and ($2::date is null or receive_date >= $2)
            and ($3::date is null or receive_date <= $3)
            and ($4::date is null or (receive_date, booked_sequence) > ($4, $5))
        order by receive_date, booked_sequence
        limit $6
        "#,
        practice.uuid(),
        range.first() as Option<jiff_sqlx::Date>,
        range.last() as Option<jiff_sqlx::Date>,
        after_day as Option<jiff_sqlx::Date>,
        after.map(|(_, sequence)| sequence),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let paid_by = match row.payer.as_str() {
                "client" => PaidBy::Client(row.payment_id.into()),
                "insurer" => PaidBy::Insurer(row.payment_id.into()),
                _ => return Err(Error::Stored("a payer")),
            };
            let payment = Payment {
                paid_by,
                client: row.client,
                method: row.method,
                payer_name: row.payer_name,
                receive_date: row.receive_date.to_jiff(),
                amount: amount(row.amount_minor, &row.currency)?,
                credited: amount(row.credited_minor, &row.currency)?,
            };
            Ok(PaymentRow {
                payment,
                refunded: amount(row.refunded_minor, &row.currency)?,
                booked_sequence: row.booked_sequence,
            })
        })
        .collect()
}

/// The sums of the whole range by method, in alphabetical order.
pub async fn totals(
    conn: &mut PgConnection,
    practice: PracticeId,
    range: Range,
) -> Result<Vec<MethodTotal>> {
    let rows = query!(
        r#"
        with refunded as (
            select
                payment_id,
                sum(returned_minor) as minor
            from reporting.refunds
            where practice_id = $1
            group by payment_id
        )
        select
            payment.method,
            payment.currency,
            count(*) as "count!",
            sum(payment.amount_minor)::bigint as "amount_minor!",
            coalesce(sum(refunded.minor), 0)::bigint as "refunded_minor!"
        from reporting.payments as payment
        left join refunded on refunded.payment_id = payment.payment_id
        where payment.practice_id = $1
            and ($2::date is null or payment.receive_date >= $2)
            and ($3::date is null or payment.receive_date <= $3)
        group by payment.method, payment.currency
        order by payment.method, payment.currency
        "#,
        practice.uuid(),
        range.first() as Option<jiff_sqlx::Date>,
        range.last() as Option<jiff_sqlx::Date>,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(MethodTotal {
                amount: amount(row.amount_minor, &row.currency)?,
                refunded: amount(row.refunded_minor, &row.currency)?,
                method: row.method,
                count: row.count,
            })
        })
        .collect()
}
