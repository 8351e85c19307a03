//! Nights that compare the processor's books with ours, and what they found.

use super::currency;
use crate::domain::comparison::{Difference, DiscrepancyKind};
use crate::domain::payment::PaymentState;
use crate::domain::refund::RefundState;
use crate::{Error, Result};
use ids::{DiscrepancyId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;

/// A practice whose day is to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Night {
    /// The practice.
    pub practice: PracticeId,
    /// The local day; none before the first.
    pub date: Option<Date>,
}

/// Puts a practice's first day into the queue. Again is fine.
pub async fn enqueue(
    conn: &mut PgConnection,
    night: (PracticeId, Date),
    due: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.comparison_queue (practice_id, next_date, due_time)
        values ($1, $2, $3)
        on conflict on constraint comparison_queue_pkey do nothing
        "#,
        night.0.uuid(),
        night.1.to_sqlx() as jiff_sqlx::Date,
        due.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Leases at most `limit` nights that are due and that nobody works on.
pub async fn claim_due(
    conn: &mut PgConnection,
    now: Timestamp,
    lease_end: Timestamp,
    limit: i64,
) -> Result<Vec<Night>> {
    let rows = sqlx::query!(
        r#"
        update payments.comparison_queue claimed
        set lease_end_time = $2
        from (
            select practice_id
            from payments.comparison_queue
            where due_time <= $1 and (lease_end_time is null or lease_end_time <= $1)
            order by due_time
            limit $3
            for update skip locked
        ) due
        where claimed.practice_id = due.practice_id
        returning
            claimed.practice_id as "practice_id: PracticeId",
            claimed.next_date as "next_date: jiff_sqlx::Date"
        "#,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        lease_end.to_sqlx() as jiff_sqlx::Timestamp,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let nights = rows.into_iter().map(|row| Night {
        practice: row.practice_id,
        date: row.next_date.map(jiff_sqlx::Date::to_jiff),
    });
    Ok(nights.collect())
}

/// The next day is due then; never an earlier one than is waited for.
pub async fn advance(
    conn: &mut PgConnection,
    (practice, next): (PracticeId, Date),
    due: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.comparison_queue
        set next_date = $2, due_time = $3, lease_end_time = null
        where practice_id = $1 and (next_date is null or next_date < $2)
        "#,
        practice.uuid(),
        next.to_sqlx() as jiff_sqlx::Date,
        due.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A day could not be compared and is tried again then.
pub async fn postpone(conn: &mut PgConnection, practice: PracticeId, due: Timestamp) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.comparison_queue
        set due_time = $2, lease_end_time = null
        where practice_id = $1
        "#,
        practice.uuid(),
        due.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes that a day was compared; false when it was before.
pub async fn insert(
    conn: &mut PgConnection,
    (practice, date): (PracticeId, Date),
    (transactions, mended): (i64, i64),
    now: Timestamp,
) -> Result<bool> {
    let written = sqlx::query!(
        r#"
        insert into payments.comparisons (
            practice_id, comparison_date, transaction_count, mended_count, create_time
        ) values ($1, $2, $3, $4, $5)
        on conflict on constraint comparisons_pkey do nothing
        "#,
        practice.uuid(),
        date.to_sqlx() as jiff_sqlx::Date,
        transactions,
        mended,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Writes what was found; false when it is known.
pub async fn insert_discrepancy(
    conn: &mut PgConnection,
    (practice, date): (PracticeId, Date),
    (id, found): (DiscrepancyId, &Difference),
    now: Timestamp,
) -> Result<bool> {
    let written = sqlx::query!(
        r#"
        insert into payments.discrepancies (
            practice_id, discrepancy_id, kind, comparison_date, object, payment_id, currency, recorded_minor,
            found_minor, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict on constraint discrepancies_object_key do nothing
        "#,
        practice.uuid(),
        id.uuid(),
        found.kind.name(),
        date.to_sqlx() as jiff_sqlx::Date,
        found.object,
        found.payment.map(PaymentId::uuid),
        found.found.currency().code(),
        found.recorded.minor(),
        found.found.minor(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// What a night found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// Its id.
    pub discrepancy: DiscrepancyId,
    /// The local day that was compared.
    pub date: Date,
    /// What is wrong.
    pub found: Difference,
    /// When it was found.
    pub create_time: Timestamp,
}

/// At most `limit` discrepancies, newest first, from after `below`.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    (below, limit): (Option<DiscrepancyId>, i64),
) -> Result<Vec<Discrepancy>> {
    let rows = sqlx::query!(
        r#"
        select
            discrepancy_id as "discrepancy_id: DiscrepancyId",
            kind,
            comparison_date as "comparison_date: jiff_sqlx::Date",
            object,
            payment_id as "payment_id: PaymentId",
            currency,
            recorded_minor,
            found_minor,
            create_time as "create_time: jiff_sqlx::Timestamp"
        from payments.discrepancies
        where practice_id = $1 and ($2::uuid is null or discrepancy_id < $2)
        order by discrepancy_id desc
        limit $3
        "#,
        practice.uuid(),
        below.map(DiscrepancyId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let currency = currency(&row.currency)?;
            Ok(Discrepancy {
                discrepancy: row.discrepancy_id,
                date: row.comparison_date.to_jiff(),
                found: Difference {
                    kind: DiscrepancyKind::of(&row.kind)
                        .ok_or(Error::Stored("a kind of discrepancy"))?,
                    object: row.object,
                    payment: row.payment_id,
                    recorded: Money::from_minor(row.recorded_minor, currency),
                    found: Money::from_minor(row.found_minor, currency),
                },
                create_time: row.create_time.to_jiff(),
            })
        })
        .collect()
}

/// The payment of an intent, `pi_…`, when it has succeeded as far as we know, and its amount.
pub async fn recorded_charge(
    conn: &mut PgConnection,
    practice: PracticeId,
    intent: &str,
) -> Result<Option<(PaymentId, Money)>> {
    let row = sqlx::query!(
        r#"
        select
            payment.payment_id as "payment_id: PaymentId",
            payment.currency,
            payment.amount_minor
        from payments.processor_objects known
        join payments.payments payment
            on payment.practice_id = known.practice_id and payment.payment_id = known.subject_id
        where known.object_id = $2
            and known.kind = 'payment'
            and payment.practice_id = $1
            and payment.state = $3
        "#,
        practice.uuid(),
        intent,
        PaymentState::Succeeded.name(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let amount = Money::from_minor(row.amount_minor, currency(&row.currency)?);
        Ok((row.payment_id, amount))
    })
    .transpose()
}

/// A refund as far as the processor's books need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedRefund {
    /// The payment.
    pub payment: PaymentId,
    /// Above 0.
    pub amount: Money,
    /// Where it stands.
    pub state: RefundState,
}

/// The refund of an object, `re_…`.
pub async fn recorded_refund(
    conn: &mut PgConnection,
    practice: PracticeId,
    object: &str,
) -> Result<Option<RecordedRefund>> {
    let row = sqlx::query!(
        r#"
        select
            refund.payment_id as "payment_id: PaymentId",
            payment.currency,
            refund.amount_minor,
            refund.state
        from payments.processor_objects known
        join payments.refunds refund
            on refund.practice_id = known.practice_id and refund.refund_id = known.subject_id
        join payments.payments payment
            on payment.practice_id = refund.practice_id and payment.payment_id = refund.payment_id
        where known.object_id = $2 and known.kind = 'refund' and refund.practice_id = $1
        "#,
        practice.uuid(),
        object,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(RecordedRefund {
            payment: row.payment_id,
            amount: Money::from_minor(row.amount_minor, currency(&row.currency)?),
            state: RefundState::of(&row.state).ok_or(Error::Stored("a refund's state"))?,
        })
    })
    .transpose()
}

/// The payment of a dispute's movement, `txn_…`, and its amount; below 0: withdrawn.
pub async fn recorded_movement(
    conn: &mut PgConnection,
    practice: PracticeId,
    transaction: &str,
) -> Result<Option<(PaymentId, Money)>> {
    let row = sqlx::query!(
        r#"
        select
            dispute.payment_id as "payment_id: PaymentId",
            dispute.currency,
            moved.amount_minor
        from payments.dispute_movements moved
        join payments.disputes dispute
            on dispute.practice_id = moved.practice_id and dispute.dispute_id = moved.dispute_id
        where moved.practice_id = $1 and moved.processor_transaction = $2
        "#,
        practice.uuid(),
        transaction,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let amount = Money::from_minor(row.amount_minor, currency(&row.currency)?);
        Ok((row.payment_id, amount))
    })
    .transpose()
}

/// How many practices are compared.
pub async fn practice_count(conn: &mut PgConnection) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"
        select count(*) as "count!" from payments.comparison_queue
        "#,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}
