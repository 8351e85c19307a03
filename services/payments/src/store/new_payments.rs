//! Payments are written by slices: one statement for one or many.

use super::payments::Payment;
use crate::Result;
use crate::domain::payer::Payer;
use ids::{MethodId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// The columns of payments that are to be written.
#[derive(Default)]
struct Columns {
    payments: Vec<Uuid>,
    clients: Vec<Uuid>,
    kinds: Vec<String>,
    labels: Vec<String>,
    currencies: Vec<String>,
    amounts: Vec<i64>,
    states: Vec<String>,
    receive_times: Vec<String>,
    receive_dates: Vec<String>,
    method_texts: Vec<String>,
    notes: Vec<String>,
    accounts: Vec<Option<String>>,
    processor_methods: Vec<Option<String>>,
    presences: Vec<String>,
    methods: Vec<Option<Uuid>>,
    customers: Vec<Option<String>>,
    save_kinds: Vec<Option<String>>,
    save_ids: Vec<Option<Uuid>>,
    fundings: Vec<String>,
    hsa_fsas: Vec<bool>,
    allocation_payments: Vec<Uuid>,
    positions: Vec<i32>,
    bills: Vec<Uuid>,
    allocated: Vec<i64>,
}

impl Columns {
    fn of(payments: &[Payment]) -> Self {
        let mut column = Self::default();
        for payment in payments {
            column.payments.push(payment.payment.uuid());
            column.clients.push(payment.client.uuid());
            column.kinds.push(payment.kind.name().to_owned());
            column.labels.push(payment.label.clone());
            let code = payment.amount.currency().code();
            column.currencies.push(code.to_owned());
            column.amounts.push(payment.amount.minor());
            column.states.push(payment.state.name().to_owned());
            column.receive_times.push(payment.receive_time.to_string());
            column.receive_dates.push(payment.receive_date.to_string());
            column.method_texts.push(payment.method_text.clone());
            column.notes.push(payment.note.clone());
            column.presences.push(payment.presence.name().to_owned());
            let means = &payment.means;
            column.accounts.push(means.account.clone());
            column.processor_methods.push(means.token.clone());
            column.methods.push(means.method.map(MethodId::uuid));
            column.customers.push(means.customer.clone());
            let save_kind = means.save_for.map(|payer| payer.kind().to_owned());
            column.save_kinds.push(save_kind);
            column.save_ids.push(means.save_for.map(Payer::uuid));
            column.fundings.push(means.funding.name().to_owned());
            column.hsa_fsas.push(means.hsa_fsa);
            for (position, allocation) in (1..).zip(&payment.allocations) {
                column.allocation_payments.push(payment.payment.uuid());
                column.positions.push(position);
                column.bills.push(allocation.bill.uuid());
                column.allocated.push(allocation.amount.minor());
            }
        }
        column
    }
}

/// Writes new payments of a practice with their allocations, in one statement.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    now: Timestamp,
    payments: &[Payment],
) -> Result<()> {
    let column = Columns::of(payments);
    sqlx::query!(
        r#"
        with paid as (
            insert into payments.payments (
                practice_id, payment_id, client_id, kind, label, currency, amount_minor, state, receive_time,
                receive_date, method_text, note, processor_method, presence, method_id, processor_customer,
                save_payer_kind, save_payer_id, funding, hsa_fsa, processor_account, create_time, update_time
            )
            select
                $1, row.payment_id, row.client_id, row.kind, row.label, row.currency, row.amount_minor, row.state,
                row.receive_time::timestamptz, row.receive_date::date, row.method_text, row.note,
                row.processor_method, row.presence, row.method_id, row.processor_customer, row.save_payer_kind,
                row.save_payer_id, row.funding, row.hsa_fsa, row.processor_account, $2, $2
            from unnest(
                $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[],
                $11::text[], $12::text[], $13::text[], $14::text[], $19::text[],
                $20::uuid[], $21::text[], $22::text[], $23::uuid[], $24::text[], $25::boolean[], $26::text[]
            ) as row (
                payment_id, client_id, kind, label, currency, amount_minor, state, receive_time, receive_date,
                method_text, note, processor_method, presence, method_id, processor_customer, save_payer_kind,
                save_payer_id, funding, hsa_fsa, processor_account
            )
        )
        insert into payments.payment_allocations (practice_id, payment_id, position, bill_id, amount_minor)
        select $1, part.payment_id, part.position, part.bill_id, part.amount_minor
        from unnest($15::uuid[], $16::integer[], $17::uuid[], $18::bigint[])
            as part (payment_id, position, bill_id, amount_minor)
        "#,
        practice.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        &column.payments,
        &column.clients,
        &column.kinds,
        &column.labels,
        &column.currencies,
        &column.amounts,
        &column.states,
        &column.receive_times,
        &column.receive_dates,
        &column.method_texts,
        &column.notes,
        &column.processor_methods as &[Option<String>],
        &column.allocation_payments,
        &column.positions,
        &column.bills,
        &column.allocated,
        &column.presences,
        &column.methods as &[Option<Uuid>],
        &column.customers as &[Option<String>],
        &column.save_kinds as &[Option<String>],
        &column.save_ids as &[Option<Uuid>],
        &column.fundings,
        &column.hsa_fsas,
        &column.accounts as &[Option<String>],
    )
    .execute(conn)
    .await?;
    Ok(())
}
