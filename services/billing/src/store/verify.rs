//! The invariants of the ledger (domain.md), recomputed from the rows and compared with what is kept. Each query names
//! the rows that break one. They read one snapshot, that of `pg::verify::begin`.

use crate::Result;
use ids::PracticeId;
use sqlx::PgConnection;

/// A row that breaks an invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its name: "L1".
    pub invariant: String,
    /// The row.
    pub subject: String,
    /// What is and what should be.
    pub explanation: String,
}

/// How many transfers the practice has.
pub async fn transfer_count(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!" from billing.transfers where practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch_one(conn)
    .await
}

/// L1, debits are credits: every kept balance is the sum of its transfers, and all together balance.
pub async fn balances(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"
        with side as (
            select debit_account_id as account_id, amount_minor as debit, 0::bigint as credit
            from billing.transfers
            where practice_id = $1
            union all
            select credit_account_id, 0, amount_minor
            from billing.transfers
            where practice_id = $1
        ), recomputed as (
            select account_id, sum(debit) as debits, sum(credit) as credits
            from side
            group by account_id
        )
        select
            'L1' as "invariant!",
            account.kind || ' ' || account.account_id as "subject!",
            format(
                'kept %s/%s, transfers say %s/%s',
                account.debits_minor, account.credits_minor,
                coalesce(recomputed.debits, 0), coalesce(recomputed.credits, 0)
            ) as "explanation!"
        from billing.accounts account
        left join recomputed on recomputed.account_id = account.account_id
        where account.practice_id = $1
            and (
                account.debits_minor <> coalesce(recomputed.debits, 0)
                or account.credits_minor <> coalesce(recomputed.credits, 0)
            )
        union all
        select 'L1', 'books in ' || currency, format('debits %s, credits %s', sum(debits_minor), sum(credits_minor))
        from billing.accounts
        where practice_id = $1
        group by currency
        having sum(debits_minor) <> sum(credits_minor)
        limit 100
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// L2, a bill's balances are those of its receivables, and what is paid of it is paid by something. L5, a cancelled
/// bill owes nothing. L7, no credit is below 0.
pub async fn bills(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"
        with receivable as (
            select
                bill_id,
                sum(debits_minor - credits_minor) filter (where kind = 'client_receivable') as client,
                sum(debits_minor - credits_minor) filter (where kind = 'insurance_receivable') as insurance
            from billing.accounts
            where practice_id = $1 and bill_id is not null
            group by bill_id
        ), placed as (
            select bill_id, sum(left_minor) as left_minor
            from billing.posted_allocations
            where practice_id = $1
            group by bill_id
        ), bill as (
            select
                bill.bill_id,
                bill.client_owes_minor,
                bill.insurance_owes_minor,
                bill.client_balance_minor,
                bill.insurance_balance_minor,
                bill.credit_applied_minor,
                bill.cancel_time,
                coalesce(receivable.client, 0) as client_receivable,
                coalesce(receivable.insurance, 0) as insurance_receivable,
                coalesce(placed.left_minor, 0) as placed_minor
            from billing.bills bill
            left join receivable on receivable.bill_id = bill.bill_id
            left join placed on placed.bill_id = bill.bill_id
            where bill.practice_id = $1
        )
        select
            'L2' as "invariant!",
            'bill ' || bill_id as "subject!",
            format(
                'balances %s and %s, receivables %s and %s',
                client_balance_minor, insurance_balance_minor, client_receivable, insurance_receivable
            ) as "explanation!"
        from bill
        where client_balance_minor <> client_receivable
            or insurance_balance_minor <> insurance_receivable
            or client_receivable < 0
            or insurance_receivable < 0
        union all
        select 'L2', 'bill ' || bill_id, format(
            'owes %s, balance %s, paid by payments %s, by credit %s',
            client_owes_minor, client_balance_minor, placed_minor, credit_applied_minor
        )
        from bill
        where client_owes_minor - client_balance_minor <> placed_minor + credit_applied_minor
        union all
        select 'L5', 'bill ' || bill_id, 'cancelled, and something is owed'
        from bill
        where cancel_time is not null
            and (client_receivable <> 0 or insurance_receivable <> 0 or client_owes_minor + insurance_owes_minor <> 0)
        union all
        select 'L7', 'account ' || account_id, format('credit is %s', credits_minor - debits_minor)
        from billing.accounts
        where practice_id = $1 and kind = 'client_credit' and credits_minor < debits_minor
        limit 100
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// L3, a payment is what was refunded, is credit and pays bills, and was at first.
pub async fn payments(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"
        with placed as (
            select payment_id, sum(left_minor) as left_minor, sum(amount_minor) as amount_minor
            from billing.posted_allocations
            where practice_id = $1
            group by payment_id
        ), refunded as (
            select payment_id, sum(amount_minor) as amount_minor
            from billing.posted_refunds
            where practice_id = $1 and return_time is null
            group by payment_id
        )
        select
            'L3' as "invariant!",
            'payment ' || payment.payment_id as "subject!",
            format(
                'amount %s: refunded %s, refunds %s, credit %s, on bills %s; first credit %s, on bills %s',
                payment.amount_minor, payment.refunded_minor, coalesce(refunded.amount_minor, 0),
                payment.credit_left_minor, coalesce(placed.left_minor, 0),
                payment.credited_minor, coalesce(placed.amount_minor, 0)
            ) as "explanation!"
        from billing.posted_payments payment
        left join placed on placed.payment_id = payment.payment_id
        left join refunded on refunded.payment_id = payment.payment_id
        where payment.practice_id = $1
            and (
                payment.amount_minor <>
                    payment.refunded_minor + payment.credit_left_minor + coalesce(placed.left_minor, 0)
                or payment.amount_minor <> payment.credited_minor + coalesce(placed.amount_minor, 0)
                or payment.refunded_minor <> coalesce(refunded.amount_minor, 0)
            )
        limit 100
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// L6, each payment and refund has one entry, which moves its amount (a refund to credit at most that), and the reverse.
pub async fn entries(
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
            'payment ' || payment.payment_id as "subject!",
            'its entry is not there or moves another amount' as "explanation!"
        from billing.posted_payments payment
        left join billing.entries entry
            on entry.practice_id = $1
            and entry.payment_id = payment.payment_id
            and entry.entry_id = payment.entry_id
        left join moved on moved.entry_id = entry.entry_id
        where payment.practice_id = $1 and moved.amount_minor is distinct from payment.amount_minor
        union all
        select 'L6', 'refund ' || refund.refund_id, 'its entry is not there or moves another amount'
        from billing.posted_refunds refund
        left join billing.entries entry
            on entry.practice_id = $1
            and entry.refund_id = refund.refund_id
            and entry.entry_id = refund.entry_id
        left join moved on moved.entry_id = entry.entry_id
        where refund.practice_id = $1
            and (
                entry.entry_id is null
                or (not refund.to_credit and moved.amount_minor is distinct from refund.amount_minor)
                or coalesce(moved.amount_minor, 0) > refund.amount_minor
            )
        union all
        select 'L6', 'entry ' || entry.entry_id, 'it books a payment or refund that is not there'
        from billing.entries entry
        left join billing.posted_payments payment
            on payment.practice_id = $1 and payment.payment_id = entry.payment_id
        left join billing.posted_refunds refund
            on refund.practice_id = $1 and refund.refund_id = entry.refund_id
        where entry.practice_id = $1
            and (
                (entry.payment_id is not null and payment.payment_id is null)
                or (entry.refund_id is not null and refund.refund_id is null)
            )
        limit 100
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// L4, a session's line is on the live bill that says so, and on no other.
pub async fn sessions(
    conn: &mut PgConnection,
    practice: PracticeId,
) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"
        with live as (
            select line.session_id, line.session_line_number as line_number, line.bill_id
            from billing.bill_lines line
            join billing.bills bill on bill.practice_id = line.practice_id and bill.bill_id = line.bill_id
            where line.practice_id = $1 and line.session_id is not null and bill.cancel_time is null
        ), taken as (
            select session_id, line_number, bill_id from billing.billed_lines where practice_id = $1
        )
        select
            'L4' as "invariant!",
            'session ' || session_id || ' line ' || line_number as "subject!",
            'on the live bill ' || bill_id || ', which did not take it' as "explanation!"
        from (
            select session_id, line_number, bill_id from live
            except all
            select session_id, line_number, bill_id from taken
        ) untaken
        union all
        select 'L4', 'session ' || session_id || ' line ' || line_number, 'taken by ' || bill_id || ', not on it'
        from (
            select session_id, line_number, bill_id from taken
            except all
            select session_id, line_number, bill_id from live
        ) unbilled
        limit 100
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// L8, each adjustment has one entry, which moves its amount; and a bill on which insurance has not decided owes its
/// prices less what was taken off.
pub async fn adjustments(
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
        ), taken as (
            select bill_id, sum(amount_minor) as amount_minor
            from billing.adjustments
            where practice_id = $1 and reverse_time is null
            group by bill_id
        )
        select
            'L8' as "invariant!",
            'adjustment ' || adjustment.adjustment_id as "subject!",
            'its entry is not there or moves another amount' as "explanation!"
        from billing.adjustments adjustment
        left join billing.entries entry
            on entry.practice_id = $1
            and entry.kind = 'adjustment'
            and entry.adjustment_id = adjustment.adjustment_id
            and entry.entry_id = adjustment.entry_id
        left join moved on moved.entry_id = entry.entry_id
        where adjustment.practice_id = $1 and moved.amount_minor is distinct from adjustment.amount_minor
        union all
        select 'L8', 'bill ' || bill.bill_id, format(
            'total %s, owed %s, taken off %s',
            bill.total_minor, bill.client_owes_minor + bill.insurance_owes_minor, coalesce(taken.amount_minor, 0)
        )
        from billing.bills bill
        left join taken on taken.bill_id = bill.bill_id
        where bill.practice_id = $1
            and bill.cancel_time is null
            and bill.total_minor
                <> bill.client_owes_minor + bill.insurance_owes_minor + coalesce(taken.amount_minor, 0)
            and not exists (
                select 1
                from billing.insurer_payments decided
                where decided.practice_id = $1
                    and decided.bill_id = bill.bill_id
                    and decided.client_owes_minor is not null
            )
        limit 100
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await
}
