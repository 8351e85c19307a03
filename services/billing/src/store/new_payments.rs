//! How a payment is booked: in one statement, since every payment takes this path.

use super::minors;
use super::payments::PostedPayment;
use crate::domain::bill::Standing;
use ids::PracticeId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// What payments leave of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaidBill {
    /// As it stands after them.
    pub standing: Standing,
    /// How many there were: each is a revision.
    pub payments: i64,
}

/// Writes booked payments with their allocations, what their bills are left with, and takes their holds away, in one
/// statement. The bills are locked, and their entries are written.
///
/// No joins: the plan is kept, and one that was made while the practice was small would read all its bills.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    now: Timestamp,
    (payments, bills): (&[PostedPayment], &[PaidBill]),
) -> Result<(), sqlx::Error> {
    let column = Columns::of(payments);
    let paid_bills: Vec<Uuid> = bills.iter().map(|bill| bill.standing.bill.uuid()).collect();
    let payments_of_bills: Vec<i64> = bills.iter().map(|bill| bill.payments).collect();
    sqlx::query!(
        r#"
        with payment as (
            insert into billing.posted_payments (
                practice_id, payment_id, client_id, entry_id, kind, method_text, currency, amount_minor,
                receive_date, credited_minor, credit_left_minor, fingerprint, create_time
            )
            select $1, fresh.payment_id, fresh.client_id, fresh.entry_id, fresh.kind, fresh.method_text,
                fresh.currency, fresh.amount, fresh.receive_date::date, fresh.credited, fresh.credited,
                fresh.fingerprint, $2
            from unnest(
                $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::bigint[],
                $10::text[], $11::bigint[], $12::bytea[]
            ) as fresh (
                payment_id, client_id, entry_id, kind, method_text, currency, amount, receive_date, credited,
                fingerprint
            )
        ), hold as (
            delete from billing.holds where practice_id = $1 and payment_id = any($3)
        ), bill as (
            update billing.bills
            set
                client_balance_minor = ($18::bigint[])[array_position($17::uuid[], bill_id)],
                revision = revision + ($19::bigint[])[array_position($17::uuid[], bill_id)]
            where practice_id = $1 and bill_id = any($17::uuid[])
        )
        insert into billing.posted_allocations (
            practice_id, payment_id, position, bill_id, amount_minor, left_minor
        )
        select $1, fresh.payment_id, fresh.position, fresh.bill_id, fresh.amount, fresh.amount
        from unnest($13::uuid[], $14::integer[], $15::uuid[], $16::bigint[])
            as fresh (payment_id, position, bill_id, amount)
        "#,
        practice.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        &column.ids,
        &column.clients,
        &column.entries,
        &column.kinds,
        &column.methods,
        &column.currencies,
        &minors(payments, |posted| posted.payment.amount),
        &column.dates,
        &minors(payments, |posted| posted.credited),
        &column.fingerprints,
        &column.allocation_payments,
        &column.positions,
        &column.bills,
        &column.amounts,
        &paid_bills,
        &minors(bills, |bill| bill.standing.client_balance),
        &payments_of_bills,
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    clients: Vec<Uuid>,
    entries: Vec<Uuid>,
    kinds: Vec<String>,
    methods: Vec<String>,
    currencies: Vec<String>,
    dates: Vec<String>,
    fingerprints: Vec<Vec<u8>>,
    allocation_payments: Vec<Uuid>,
    positions: Vec<i32>,
    bills: Vec<Uuid>,
    amounts: Vec<i64>,
}

impl Columns {
    fn of(payments: &[PostedPayment]) -> Self {
        let mut column = Self::default();
        for posted in payments {
            let payment = &posted.payment;
            column.ids.push(payment.payment.uuid());
            column.clients.push(payment.client.uuid());
            column.entries.push(posted.entry.uuid());
            column.kinds.push(payment.kind.name().to_owned());
            column.methods.push(posted.method_text.clone());
            column
                .currencies
                .push(payment.amount.currency().code().to_owned());
            column.dates.push(posted.receive_date.to_string());
            column.fingerprints.push(posted.fingerprint.to_vec());
            for (position, allocation) in (1..).zip(&posted.allocations) {
                column.allocation_payments.push(payment.payment.uuid());
                column.positions.push(position);
                column.bills.push(allocation.bill.uuid());
                column.amounts.push(allocation.amount.minor());
            }
        }
        column
    }
}
