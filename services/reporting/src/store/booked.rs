//! What events add to payments, days and accounts: in one statement, since every payment takes this path.

use crate::Result;
use crate::domain::booked::Booked;
use crate::domain::payment::{PaidBy, Payment};
use ids::PracticeId;
use sqlx::types::Uuid;
use sqlx::{PgConnection, query};

/// Writes the payments, and adds to the days and accounts. A payment that is there already is an error.
pub async fn add(conn: &mut PgConnection, practice: PracticeId, booked: &Booked) -> Result<()> {
    if booked.turnovers.is_empty() && booked.payments.is_empty() {
        return Ok(());
    }
    let (total, day) = (Totals::of(booked), Days::of(booked));
    let payment = Payments::of(&booked.payments);
    query!(
        r#"
        with total as (
            insert into reporting.account_totals as total (
                practice_id, account_kind, currency, debits_minor, credits_minor
            )
            select $1, added.kind, added.currency, added.debits, added.credits
            from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[])
                as added (kind, currency, debits, credits)
            on conflict on constraint account_totals_pkey do update
            set
                debits_minor = total.debits_minor + excluded.debits_minor,
                credits_minor = total.credits_minor + excluded.credits_minor
        ), revenue as (
            insert into reporting.revenue_days as revenue (
                practice_id, day, currency, billed_minor, received_minor
            )
            select $1, added.day::date, added.currency, added.billed, added.received
            from unnest($6::text[], $7::text[], $8::bigint[], $9::bigint[])
                as added (day, currency, billed, received)
            on conflict on constraint revenue_days_pkey do update
            set
                billed_minor = revenue.billed_minor + excluded.billed_minor,
                received_minor = revenue.received_minor + excluded.received_minor
        )
        insert into reporting.payments (
            practice_id, payment_id, payer, client_id, method, payer_name, receive_date, booked_sequence, currency,
            amount_minor, credited_minor
        )
        select
            $1, fresh.payment_id, fresh.payer, fresh.client_id, fresh.method, fresh.payer_name,
            fresh.receive_date::date, fresh.booked_sequence, fresh.currency, fresh.amount, fresh.credited
        from unnest(
            $10::uuid[], $11::text[], $12::uuid[], $13::text[], $14::text[], $15::text[], $16::bigint[],
            $17::text[], $18::bigint[], $19::bigint[]
        ) as fresh (
            payment_id, payer, client_id, method, payer_name, receive_date, booked_sequence, currency, amount, credited
        )
        "#,
        practice.uuid(),
        &total.kinds,
        &total.currencies,
        &total.debits,
        &total.credits,
        &day.days,
        &day.currencies,
        &day.billed,
        &day.received,
        &payment.ids,
        &payment.payers,
        &payment.clients,
        &payment.methods,
        &payment.payer_names,
        &payment.dates,
        &payment.sequences,
        &payment.currencies,
        &payment.amounts,
        &payment.credited,
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Default)]
struct Totals {
    kinds: Vec<String>,
    currencies: Vec<String>,
    debits: Vec<i64>,
    credits: Vec<i64>,
}

impl Totals {
    fn of(booked: &Booked) -> Self {
        let mut column = Self::default();
        for ((kind, currency), turnover) in &booked.turnovers {
            column.kinds.push(kind.name().to_owned());
            column.currencies.push(currency.code().to_owned());
            column.debits.push(turnover.debits.minor());
            column.credits.push(turnover.credits.minor());
        }
        column
    }
}

#[derive(Default)]
struct Days {
    days: Vec<String>,
    currencies: Vec<String>,
    billed: Vec<i64>,
    received: Vec<i64>,
}

impl Days {
    fn of(booked: &Booked) -> Self {
        let mut column = Self::default();
        for ((day, currency), revenue) in &booked.days {
            column.days.push(day.to_string());
            column.currencies.push(currency.code().to_owned());
            column.billed.push(revenue.billed.minor());
            column.received.push(revenue.received.minor());
        }
        column
    }
}

#[derive(Default)]
struct Payments {
    ids: Vec<Uuid>,
    payers: Vec<String>,
    clients: Vec<Uuid>,
    methods: Vec<String>,
    payer_names: Vec<String>,
    dates: Vec<String>,
    sequences: Vec<i64>,
    currencies: Vec<String>,
    amounts: Vec<i64>,
    credited: Vec<i64>,
}

impl Payments {
    fn of(payments: &[(i64, Payment)]) -> Self {
        let mut column = Self::default();
        for (sequence, payment) in payments {
            let (payer, id) = match payment.paid_by {
                PaidBy::Client(id) => ("client", id.uuid()),
                PaidBy::Insurer(id) => ("insurer", id.uuid()),
            };
            let currency = payment.amount.currency().code();
            column.ids.push(id);
            column.payers.push(payer.to_owned());
            column.clients.push(payment.client.uuid());
            column.methods.push(payment.method.clone());
            column.payer_names.push(payment.payer_name.clone());
            column.dates.push(payment.receive_date.to_string());
            column.sequences.push(*sequence);
            column.currencies.push(currency.to_owned());
            column.amounts.push(payment.amount.minor());
            column.credited.push(payment.credited.minor());
        }
        column
    }
}
