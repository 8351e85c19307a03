use super::{Found, LIMIT, Oldest, findings};
use crate::Result;
use ids::PracticeId;
use jiff_sqlx::ToSqlx as _;
use pg::verify::Finding;
use sqlx::PgConnection;

/// G1, G2, G3 and G5 of refunds; G4 is of their payments, but for what went back twice.
pub async fn refunds(conn: &mut PgConnection, practice: PracticeId) -> Result<Vec<Finding>> {
    let found = sqlx::query_as!(
        Found,
        r#"
        with refund as (
            select
                refund.refund_id,
                refund.state,
                refund.to_credit,
                refund.processor_refund,
                payment.kind
            from payments.refunds refund
            join payments.payments payment
                on payment.practice_id = refund.practice_id and payment.payment_id = refund.payment_id
            where refund.practice_id = $1
        )
        select
            'G1' as "invariant!",
            'refund' as "kind!",
            refund_id as "id!",
            'it succeeded, and no object of the processor is known' as "explanation!"
        from refund
        where kind in ('card', 'bank_debit')
            and state = 'succeeded'
            and not to_credit
            and processor_refund is null
            -- Somebody has seen it on an account that cannot be asked any more.
            and not exists (
                select 1
                from payments.refund_closings closing
                where closing.practice_id = $1 and closing.refund_id = refund.refund_id and closing.refunded
            )
        union all
        select 'G2', 'refund', refund.refund_id, format(
            'its object %s belongs to %s', refund.processor_refund, coalesce(object.kind || ' ' || object.subject_id, 'nobody')
        )
        from refund
        left join payments.processor_objects object on object.object_id = refund.processor_refund
        where refund.processor_refund is not null
            and (object.practice_id, object.kind, object.subject_id) is distinct from ($1, 'refund', refund.refund_id)
        union all
        select 'G2', 'refund', object.subject_id, format(
            'the object %s is said to be its own, and it knows %s', object.object_id, coalesce(refund.processor_refund, 'none')
        )
        from payments.processor_objects object
        left join refund on refund.refund_id = object.subject_id
        where object.practice_id = $1
            and object.kind = 'refund'
            and refund.processor_refund is distinct from object.object_id
        union all
        select 'G3', 'refund', min(refund_id::text)::uuid, format(
            '%s refunds have the object %s', count(*), processor_refund
        )
        from refund
        where processor_refund is not null
        group by processor_refund
        having count(*) > 1
        limit $2
        "#,
        practice.uuid(), LIMIT,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut found = findings(found)?;
    found.extend(calls_of_refunds(conn, practice).await?);
    found.extend(given_twice(conn, practice).await?);
    Ok(found)
}

/// G4 of refunds that went back though they had been closed as failed, and whose money was given again.
async fn given_twice(conn: &mut PgConnection, practice: PracticeId) -> Result<Vec<Finding>> {
    let found = sqlx::query_as!(
        Found,
        r#"
        select
            'G4' as "invariant!",
            'refund' as "kind!",
            refund.refund_id as "id!",
            format(
                'it went back though %s had closed it as failed, and its money was given again', closing.closed_by
            ) as "explanation!"
        from payments.refund_closings closing
        join payments.refunds refund
            on refund.practice_id = closing.practice_id and refund.refund_id = closing.refund_id
        join payments.payments payment
            on payment.practice_id = refund.practice_id and payment.payment_id = refund.payment_id
        where closing.practice_id = $1
            and closing.overrule_time is not null
            and not closing.refunded
            and refund.state = 'failed'
            and refund.amount_minor > payment.amount_minor - payment.refunded_minor
        limit $2
        "#,
        practice.uuid(),
        LIMIT,
    )
    .fetch_all(conn)
    .await?;
    findings(found)
}

/// G5 of refunds.
async fn calls_of_refunds(conn: &mut PgConnection, practice: PracticeId) -> Result<Vec<Finding>> {
    let found = sqlx::query_as!(
        Found,
        r#"
        select
            'G5' as "invariant!",
            'refund' as "kind!",
            refund.refund_id as "id!",
            'the processor gave it, and the call is not written down' as "explanation!"
        from payments.refunds refund
        left join payments.attempts called
            on called.practice_id = $1
            and called.subject_id = refund.refund_id
            and called.call = 'create_refund'
        where refund.practice_id = $1
            and refund.processor_refund is not null
            and not refund.made_at_processor
            and called.subject_id is null
        limit $2
        "#,
        practice.uuid(),
        LIMIT,
    )
    .fetch_all(conn)
    .await?;
    findings(found)
}

/// G6 of refunds, but what is due in the queue, which is told with the payments.
pub async fn refunds_under_way(
    conn: &mut PgConnection,
    practice: PracticeId,
    oldest: Oldest,
) -> Result<Vec<Finding>> {
    let found = sqlx::query_as!(
        Found,
        r#"
        with refund as (
            select refund_id, state, create_time
            from payments.refunds
            where practice_id = $1 and state in ('created', 'processing', 'unknown')
        )
        select
            'G6' as "invariant!",
            'refund' as "kind!",
            refund.refund_id as "id!",
            format('%s since %s, and nobody looks after it', refund.state, refund.create_time) as "explanation!"
        from refund
        left join payments.unsettled queued on queued.subject_id = refund.refund_id
        where queued.subject_id is null
        union all
        select 'G6', 'refund', refund_id, format('%s since %s', state, create_time)
        from refund
        where (state = 'processing' and create_time < $3) or (state <> 'processing' and create_time < $2)
        limit $4
        "#,
        practice.uuid(),
        oldest.unknown.to_sqlx() as jiff_sqlx::Timestamp,
        oldest.processing.to_sqlx() as jiff_sqlx::Timestamp,
        LIMIT,
    )
    .fetch_all(conn)
    .await?;
    findings(found)
}

/// G7, what a nightly comparison found and our books do not say by now. What was missing and came later is closed by that.
pub async fn discrepancies(conn: &mut PgConnection, practice: PracticeId) -> Result<Vec<Finding>> {
    let found = sqlx::query_as!(
        Found,
        r#"
        select
            'G7' as "invariant!",
            'discrepancy' as "kind!",
            discrepancy.discrepancy_id as "id!",
            format(
                '%s on %s, object %s: ours said %s, the processor''s %s %s',
                discrepancy.kind, discrepancy.comparison_date, discrepancy.object,
                discrepancy.recorded_minor, discrepancy.found_minor, discrepancy.currency
            ) as "explanation!"
        from payments.discrepancies discrepancy
        left join payments.payments payment
            on payment.practice_id = $1
            and payment.processor_intent = discrepancy.object
            and payment.state = 'succeeded'
        where discrepancy.practice_id = $1
            and coalesce(payment.amount_minor, 0) <> discrepancy.found_minor
            and not exists (
                select 1
                from payments.refunds refund
                where refund.practice_id = $1
                    and refund.processor_refund = discrepancy.object
                    and (
                        refund.amount_minor = -discrepancy.found_minor
                        or (refund.amount_minor = discrepancy.found_minor and refund.state = 'failed')
                    )
            )
            and not exists (
                select 1
                from payments.disputes dispute
                join payments.dispute_movements moved
                    on moved.practice_id = $1 and moved.dispute_id = dispute.dispute_id
                where dispute.practice_id = $1
                    and dispute.processor_dispute = discrepancy.object
                    and moved.amount_minor = discrepancy.found_minor
            )
        limit $2
        "#,
        practice.uuid(),
        LIMIT,
    )
    .fetch_all(conn)
    .await?;
    findings(found)
}
