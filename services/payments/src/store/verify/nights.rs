use super::{Found, LIMIT, Oldest, findings};
use crate::Result;
use ids::PracticeId;
use jiff_sqlx::ToSqlx as _;
use pg::verify::Finding;
use sqlx::PgConnection;

/// J1 and J2. That a day has one run, and a bill one item in it, is their keys.
pub async fn nights(
    conn: &mut PgConnection,
    practice: PracticeId,
    oldest: Oldest,
) -> Result<Vec<Finding>> {
    let found = sqlx::query_as!(
        Found,
        r#"
        with item as (
            select run_date, bill_id, state, amount_minor, coalesce(credit_minor, 0) as credit_minor, payment_id
            from payments.autopay_items
            where practice_id = $1
        )
        select
            'J1' as "invariant!",
            'practice' as "kind!",
            practice_id as "id!",
            format('the night of %s began %s and has not ended', run_date, start_time) as "explanation!"
        from payments.autopay_runs
        where practice_id = $1 and end_time is null and start_time < $2
        union all
        select 'J1', 'bill', item.bill_id, format('still to be charged, and the night of %s has ended', item.run_date)
        from item
        join payments.autopay_runs run on run.practice_id = $1 and run.run_date = item.run_date
        where item.state = 'due' and run.end_time is not null
        union all
        select 'J2', 'payment', item.payment_id, format(
            'the night of %s was to charge %s for bill %s', item.run_date, item.amount_minor - item.credit_minor, item.bill_id
        )
        from item
        left join payments.payment_allocations part
            on part.practice_id = $1 and part.payment_id = item.payment_id and part.bill_id = item.bill_id
        left join payments.payments payment
            on payment.practice_id = $1 and payment.payment_id = item.payment_id
        where item.state = 'started'
            and (part.amount_minor, payment.amount_minor) is distinct from
                (item.amount_minor - item.credit_minor, item.amount_minor - item.credit_minor)
        union all
        select 'J2', 'payment', payment.payment_id, 'a charge of a night, and no night has it'
        from payments.payments payment
        left join item on item.payment_id = payment.payment_id
        where payment.practice_id = $1 and payment.presence = 'nobody' and item.payment_id is null
        limit $3
        "#,
        practice.uuid(),
        oldest.night.to_sqlx() as jiff_sqlx::Timestamp,
        LIMIT,
    )
    .fetch_all(conn)
    .await?;
    findings(found)
}
