//! The invariants of what the processor does by itself, as `verify` checks the others.

use super::verify::Violation;
use ids::PracticeId;
use sqlx::PgConnection;

/// L6, a refund that came back has one entry more, which moves its amount, and the reverse.
pub async fn refunds(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"
        with moved as (
            select entry_id, sum(amount_minor) as amount_minor
            from billing.transfers
            where practice_id = $1
            group by entry_id
        )
        select
            'L6' as "invariant!",
            'refund ' || refund.refund_id as "subject!",
            'it came back, and the entry of it is not there or moves another amount' as "explanation!"
        from billing.posted_refunds refund
        left join billing.entries entry
            on entry.practice_id = $1
            and entry.entry_id = refund.return_entry_id
            and entry.kind = 'refund_returned'
            and entry.subject_id = refund.refund_id
        left join moved on moved.entry_id = entry.entry_id
        where refund.practice_id = $1
            and refund.return_time is not null
            and moved.amount_minor is distinct from refund.amount_minor
        union all
        select 'L6', 'entry ' || entry.entry_id, 'it books the return of a refund that did not come back'
        from billing.entries entry
        left join billing.posted_refunds refund
            on refund.practice_id = $1
            and refund.refund_id = entry.subject_id
            and refund.return_entry_id = entry.entry_id
        where entry.practice_id = $1 and entry.kind = 'refund_returned' and refund.refund_id is null
        limit 100
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// L9, what is withdrawn for disputes and what was lost to them is what the disputes say.
pub async fn disputes(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"
        with said as (
            select
                coalesce(sum(under_way_minor), 0) as under_way,
                coalesce(sum(lost_minor), 0) as lost
            from billing.disputes
            where practice_id = $1
        ), booked as (
            select
                coalesce(sum(debits_minor - credits_minor) filter (where kind = 'disputed_funds'), 0) as under_way,
                coalesce(sum(debits_minor - credits_minor) filter (where kind = 'dispute_losses'), 0) as lost
            from billing.accounts
            where practice_id = $1 and kind in ('disputed_funds', 'dispute_losses')
        )
        select
            'L9' as "invariant!",
            'disputes' as "subject!",
            format(
                'under way %s and lost %s, the accounts say %s and %s',
                said.under_way, said.lost, booked.under_way, booked.lost
            ) as "explanation!"
        from said, booked
        where said.under_way <> booked.under_way or said.lost <> booked.lost
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await
}
