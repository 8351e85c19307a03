//! What the movements that a payout paid out are here: many at once.

use crate::Result;
use crate::domain::payment::PaymentState;
use ids::{DisputeMovementId, PaymentId, PracticeId, RefundId};
use sqlx::PgConnection;
use std::collections::HashMap;

/// Whose these objects of the processor are: payments' intents.
pub async fn owners(
    conn: &mut PgConnection,
    objects: &[String],
) -> Result<HashMap<String, PracticeId>> {
    let rows = sqlx::query!(
        r#"
        select object_id, practice_id as "practice_id: PracticeId"
        from payments.processor_objects
        where object_id = any($1)
        "#,
        objects,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.object_id, row.practice_id))
        .collect())
}

/// The only practice there is; none when there are several.
pub async fn only_practice(conn: &mut PgConnection) -> Result<Option<PracticeId>> {
    let mut found = sqlx::query_scalar!(
        r#"
        select practice_id as "practice_id: PracticeId"
        from payments.comparison_queue
        limit 2
        "#,
    )
    .fetch_all(conn)
    .await?;
    Ok(found.pop().filter(|_| found.is_empty()))
}

/// Whether a practice is known here: one that a charge's metadata names.
pub async fn is_known(conn: &mut PgConnection, practice: PracticeId) -> Result<bool> {
    let known = sqlx::query_scalar!(
        r#"
        select exists (
            select 1 from payments.comparison_queue where practice_id = $1
        ) as "known!"
        "#,
        practice.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(known)
}

/// The payments of these intents, `pi_…`, that have succeeded as far as we know.
pub async fn payments(
    conn: &mut PgConnection,
    practice: PracticeId,
    intents: &[String],
) -> Result<HashMap<String, PaymentId>> {
    let rows = sqlx::query!(
        r#"
        select known.object_id, payment.payment_id as "payment_id: PaymentId"
        from payments.processor_objects known
        join payments.payments payment
            on payment.practice_id = known.practice_id and payment.payment_id = known.subject_id
        where known.object_id = any($2)
            and known.kind = 'payment'
            and payment.practice_id = $1
            and payment.state = $3
        "#,
        practice.uuid(),
        intents,
        PaymentState::Succeeded.name(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.object_id, row.payment_id))
        .collect())
}

/// The refunds of these objects, `re_…`, with their payments.
pub async fn refunds(
    conn: &mut PgConnection,
    practice: PracticeId,
    objects: &[String],
) -> Result<HashMap<String, (PaymentId, RefundId)>> {
    let rows = sqlx::query!(
        r#"
        select
            known.object_id,
            refund.payment_id as "payment_id: PaymentId",
            refund.refund_id as "refund_id: RefundId"
        from payments.processor_objects known
        join payments.refunds refund
            on refund.practice_id = known.practice_id and refund.refund_id = known.subject_id
        where known.object_id = any($2) and known.kind = 'refund' and refund.practice_id = $1
        "#,
        practice.uuid(),
        objects,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.object_id, (row.payment_id, row.refund_id)))
        .collect())
}

/// The disputes' movements of these transactions, `txn_…`, with their payments.
pub async fn movements(
    conn: &mut PgConnection,
    practice: PracticeId,
    transactions: &[String],
) -> Result<HashMap<String, (PaymentId, DisputeMovementId)>> {
    let rows = sqlx::query!(
        r#"
        select
            moved.processor_transaction,
            dispute.payment_id as "payment_id: PaymentId",
            moved.movement_id as "movement_id: DisputeMovementId"
        from payments.dispute_movements moved
        join payments.disputes dispute
            on dispute.practice_id = moved.practice_id and dispute.dispute_id = moved.dispute_id
        where moved.practice_id = $1 and moved.processor_transaction = any($2)
        "#,
        practice.uuid(),
        transactions,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.processor_transaction, (row.payment_id, row.movement_id)))
        .collect())
}
