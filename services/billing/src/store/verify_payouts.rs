//! The invariants of what was paid out, as `verify` checks the others.

use super::verify::Violation;
use ids::PracticeId;
use sqlx::PgConnection;

/// L10, of what the entries of a payment, refund or dispute's movement put into clearing, payouts took all or nothing: when
/// a payment was paid out, nothing of it is left there, and never did more go out than came.
pub async fn clearing(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"
        with clearing as (
            select account_id
            from billing.accounts
            where practice_id = $1 and kind = 'processor_clearing'
        ), moved as (
            select transfer.entry_id, sum(
                case
                    when transfer.debit_account_id = clearing.account_id then transfer.amount_minor
                    else -transfer.amount_minor
                end
            ) as minor
            from billing.transfers transfer
            join clearing on clearing.account_id in (transfer.debit_account_id, transfer.credit_account_id)
            where transfer.practice_id = $1
            group by transfer.entry_id
        ), came as (
            select
                case entry.kind
                    when 'payment' then 'payment'
                    when 'dispute_moved' then 'dispute movement'
                    else 'refund'
                end as what,
                coalesce(entry.payment_id, entry.refund_id, entry.subject_id) as id,
                sum(moved.minor) as minor,
                max(abs(moved.minor)) as whole
            from billing.entries entry
            join moved on moved.entry_id = entry.entry_id
            where entry.practice_id = $1 and entry.kind in ('payment', 'refund', 'refund_returned', 'dispute_moved')
            group by 1, 2
        ), went as (
            select
                case item.kind when 'charge' then 'payment' when 'dispute' then 'dispute movement' else 'refund' end
                    as what,
                coalesce(item.dispute_movement_id, item.refund_id, item.payment_id) as id,
                sum(-moved.minor) as minor
            from billing.entries entry
            join billing.payout_items item
                on item.practice_id = $1 and item.payout_item_id = entry.subject_id
            join moved on moved.entry_id = entry.entry_id
            where entry.practice_id = $1 and entry.kind in ('paid_out', 'payout_failed', 'payout_matched')
            group by 1, 2
        )
        select
            'L10' as "invariant!",
            went.what || ' ' || went.id as "subject!",
            format(
                '%s of it came into clearing, %s was paid out: %s is left there',
                coalesce(came.minor, 0), went.minor, coalesce(came.minor, 0) - went.minor
            ) as "explanation!"
        from went
        left join came on came.what = went.what and came.id = went.id
        where went.minor <> 0
            and case went.what
                -- A refund goes, and may come back; it may be paid out before it is booked.
                when 'refund' then abs(went.minor) <> coalesce(came.whole, abs(went.minor))
                else went.minor is distinct from came.minor
            end
        limit 100
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// L11, the bank has the net of each item of a payout that counts, and nothing of one that failed.
pub async fn bank(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"
        with bank as (
            select account_id
            from billing.accounts
            where practice_id = $1 and kind = 'bank'
        ), moved as (
            select entry.subject_id, sum(
                case
                    when transfer.debit_account_id = bank.account_id then transfer.amount_minor
                    else -transfer.amount_minor
                end
            ) as minor
            from billing.entries entry
            join billing.transfers transfer
                on transfer.practice_id = entry.practice_id and transfer.entry_id = entry.entry_id
            join bank on bank.account_id in (transfer.debit_account_id, transfer.credit_account_id)
            where entry.practice_id = $1 and entry.kind in ('paid_out', 'payout_failed', 'payout_matched')
            group by entry.subject_id
        ), said as (
            select
                item.payout_item_id,
                case when payout.fail_date is null then item.gross_minor - item.fee_minor else 0 end as minor
            from billing.payout_items item
            join billing.payouts payout
                on payout.practice_id = item.practice_id and payout.payout_id = item.payout_id
            where item.practice_id = $1
        )
        select
            'L11' as "invariant!",
            'payout item ' || coalesce(said.payout_item_id, moved.subject_id) as "subject!",
            format(
                'the bank is to have %s of it and has %s', coalesce(said.minor, 0), coalesce(moved.minor, 0)
            ) as "explanation!"
        from said
        full join moved on moved.subject_id = said.payout_item_id
        where coalesce(said.minor, 0) <> coalesce(moved.minor, 0)
        limit 100
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await
}
