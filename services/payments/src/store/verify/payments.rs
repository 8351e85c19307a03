use super::{Found, LIMIT, Oldest, findings};
use crate::Result;
use ids::PracticeId;
use jiff_sqlx::ToSqlx as _;
use pg::verify::Finding;
use sqlx::PgConnection;

/// G1 to G3 of payments: which object of the processor is whose.
pub async fn payments(conn: &mut PgConnection, practice: PracticeId) -> Result<Vec<Finding>> {
    let found = sqlx::query_as!(
        Found,
        r#"
        with payment as (
            select payment_id, kind, state, processor_intent
            from payments.payments
            where practice_id = $1
        )
        select
            'G1' as "invariant!",
            'payment' as "kind!",
            payment_id as "id!",
            'it succeeded, and no object of the processor is known' as "explanation!"
        from payment
        where kind in ('card', 'bank_debit') and state = 'succeeded' and processor_intent is null
        union all
        select 'G2', 'payment', payment.payment_id, format(
            'its object %s belongs to %s', payment.processor_intent, coalesce(object.kind || ' ' || object.subject_id, 'nobody')
        )
        from payment
        left join payments.processor_objects object on object.object_id = payment.processor_intent
        where payment.processor_intent is not null
            and (object.practice_id, object.kind, object.subject_id)
                is distinct from ($1, 'payment', payment.payment_id)
        union all
        select 'G2', 'payment', object.subject_id, format(
            'the object %s is said to be its own, and it knows %s', object.object_id, coalesce(payment.processor_intent, 'none')
        )
        from payments.processor_objects object
        left join payment on payment.payment_id = object.subject_id
        where object.practice_id = $1
            and object.kind = 'payment'
            and payment.processor_intent is distinct from object.object_id
        union all
        select 'G3', 'payment', min(payment_id::text)::uuid, format(
            '%s payments have the object %s', count(*), processor_intent
        )
        from payment
        where processor_intent is not null
        group by processor_intent
        having count(*) > 1
        limit $2
        "#,
        practice.uuid(),
        LIMIT,
    )
    .fetch_all(conn)
    .await?;
    findings(found)
}

/// G4 and G5 of payments: what was given back of them, and by which calls they were charged.
pub async fn given_and_called(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<Vec<Finding>> {
    let found = sqlx::query_as!(
        Found,
        r#"
        with payment as (
            select payment_id, kind, state, amount_minor, refunded_minor, processor_intent
            from payments.payments
            where practice_id = $1
        ), given as (
            select payment_id, sum(amount_minor) as amount_minor
            from payments.refunds
            where practice_id = $1 and state <> 'failed'
            group by payment_id
        ), called as (
            select subject_id, call, idempotency_key
            from payments.attempts
            where practice_id = $1
        )
        select
            'G4' as "invariant!",
            'payment' as "kind!",
            payment.payment_id as "id!",
            format(
                'of %s, %s is counted as refunded, and its refunds are %s',
                payment.amount_minor, payment.refunded_minor, coalesce(given.amount_minor, 0)
            ) as "explanation!"
        from payment
        left join given on given.payment_id = payment.payment_id
        where payment.refunded_minor <> coalesce(given.amount_minor, 0)
            or payment.refunded_minor > payment.amount_minor
            or (given.amount_minor > 0 and payment.state <> 'succeeded')
        union all
        select 'G5', 'payment', payment.payment_id, 'the processor made its object, and the call is not written down'
        from payment
        left join called on called.subject_id = payment.payment_id and called.call = 'create_intent'
        where payment.processor_intent is not null and called.subject_id is null
        union all
        select 'G5', 'payment', payment.payment_id, 'it was charged, and the call is not written down'
        from payment
        left join called on called.subject_id = payment.payment_id and called.call = 'confirm_intent'
        where payment.kind in ('card', 'bank_debit') and payment.state = 'succeeded' and called.subject_id is null
        union all
        select 'G5', 'call of', min(subject_id::text)::uuid, format('%s calls have the key %s', count(*), idempotency_key)
        from called
        group by idempotency_key
        having count(*) > 1 or idempotency_key = ''
        limit $2
        "#,
        practice.uuid(),
        LIMIT,
    )
    .fetch_all(conn)
    .await?;
    findings(found)
}

/// G6 of payments: whoever is on the way is in the reconciler's queue, comes to an end, and is looked at in time.
pub async fn payments_under_way(
    conn: &mut PgConnection,
    practice: PracticeId,
    oldest: Oldest,
) -> Result<Vec<Finding>> {
    let found = sqlx::query_as!(
        Found,
        r#"
        with payment as (
            select payment_id, state, create_time
            from payments.payments
            where practice_id = $1 and state in ('created', 'requires_action', 'processing', 'unknown')
        )
        select
            'G6' as "invariant!",
            'payment' as "kind!",
            payment.payment_id as "id!",
            format('%s since %s, and nobody looks after it', payment.state, payment.create_time) as "explanation!"
        from payment
        left join payments.unsettled queued on queued.subject_id = payment.payment_id
        where queued.subject_id is null
        union all
        select 'G6', 'payment', payment_id, format('%s since %s', state, create_time)
        from payment
        where (state = 'processing' and create_time < $3) or (state <> 'processing' and create_time < $2)
        union all
        select 'G6', kind, subject_id, format('due since %s after %s tries, and nobody looks after it', due_time, tries)
        from payments.unsettled
        where practice_id = $1 and due_time < $4 and (lease_end_time is null or lease_end_time < $4)
        limit $5
        "#,
        practice.uuid(),
        oldest.unknown.to_sqlx() as jiff_sqlx::Timestamp,
        oldest.processing.to_sqlx() as jiff_sqlx::Timestamp,
        oldest.due.to_sqlx() as jiff_sqlx::Timestamp,
        LIMIT,
    )
    .fetch_all(conn)
    .await?;
    findings(found)
}
