use super::verify::Violation;
use crate::Result;
use ids::PracticeId;
use sqlx::PgConnection;

/// L6, a payment that was corrected stands once, on its day: as often as it was moved, what stood was reversed.
pub async fn corrections(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"
        with standing as (
            select distinct on (payment_id) payment_id, entry_id
            from billing.payment_corrections
            where practice_id = $1 and entry_id is not null
            order by payment_id, revision desc
        ), counting as (
            select coalesce(standing.entry_id, payment.entry_id) as entry_id
            from billing.posted_payments payment
            left join standing on standing.payment_id = payment.payment_id
            where payment.practice_id = $1
        ), moved as (
            select
                transfer.entry_id,
                sum(transfer.amount_minor) as amount_minor,
                bool_or(reversal.transfer_id is not null) as reversed
            from counting
            join billing.transfers transfer on transfer.practice_id = $1 and transfer.entry_id = counting.entry_id
            left join billing.transfers reversal
                on reversal.practice_id = transfer.practice_id
                and reversal.reversed_transfer_id = transfer.transfer_id
            group by transfer.entry_id
        )
        select
            'L6' as "invariant!",
            'payment ' || payment.payment_id as "subject!",
            'the entry that counts is of another day, of another amount, or reversed' as "explanation!"
        from billing.posted_payments payment
        left join standing on standing.payment_id = payment.payment_id
        left join billing.entries entry
            on entry.practice_id = $1 and entry.entry_id = coalesce(standing.entry_id, payment.entry_id)
        left join moved on moved.entry_id = entry.entry_id
        where payment.practice_id = $1
            and (
                entry.entry_date is distinct from payment.receive_date
                or moved.amount_minor is distinct from payment.amount_minor
                or moved.reversed
            )
        union all
        select 'L6', 'entry ' || entry.entry_id, 'it moves a payment that was not corrected'
        from billing.entries entry
        left join billing.payment_corrections correction
            on correction.practice_id = $1 and entry.entry_id in (correction.reverse_entry_id, correction.entry_id)
        where entry.practice_id = $1
            and entry.kind in ('payment_reversed', 'payment_rebooked')
            and correction.payment_id is null
        limit 100
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await
}
