//! What the movements that a payout paid out are here: many at once.

use crate::Result;
use crate::domain::payment::PaymentState;
use crate::domain::payout::{About, Source, SourceKind};
use ids::{DisputeMovementId, PaymentId, PracticeId, RefundId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use std::collections::HashMap;

/// Whose these objects of the processor's on the installation's account are: payments' intents.
pub async fn owners(
    conn: &mut PgConnection,
    objects: &[String],
) -> Result<HashMap<String, PracticeId>> {
    let rows = sqlx::query!(
        r#"
        select object_id, practice_id as "practice_id: PracticeId"
        from payments.processor_objects
        where object_id = any($1) and processor_account is null
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

/// What is known of what moved: by the movement's own id, `txn_…`, and by the object that moved it.
#[derive(Clone, Debug, Default)]
pub struct Known {
    objects: HashMap<String, About>,
    movements: HashMap<String, About>,
}

impl Known {
    /// What of ours a movement is about; none when that is not known.
    #[must_use]
    pub fn find(&self, transaction: &str, source: &Source) -> Option<About> {
        match source.kind {
            SourceKind::Charge | SourceKind::Refund => self.objects.get(&source.object).copied(),
            SourceKind::Dispute => self.movements.get(transaction).copied(),
        }
    }
}

/// What is known of these movements of an account: one of the practice's own; none: the installation's. Payments only that
/// have succeeded as far as we know.
pub async fn known(
    conn: &mut PgConnection,
    practice: PracticeId,
    (moved, account): (&[(&str, &Source)], Option<&str>),
) -> Result<Known> {
    let objects: Vec<String> = moved
        .iter()
        .map(|(_, source)| source.object.clone())
        .collect();
    let transactions: Vec<String> = moved.iter().map(|(id, _)| (*id).to_owned()).collect();
    let mut known = Known {
        objects: payments(conn, practice, (&objects, account)).await?,
        movements: movements(conn, practice, (&transactions, account)).await?,
    };
    let refunds = refunds(conn, practice, (&objects, account)).await?;
    known.objects.extend(refunds);
    Ok(known)
}

/// By intent, `pi_…`.
async fn payments(
    conn: &mut PgConnection,
    practice: PracticeId,
    (intents, account): (&[String], Option<&str>),
) -> Result<HashMap<String, About>> {
    let rows = sqlx::query!(
        r#"
        select known.object_id, payment.payment_id as "payment_id: PaymentId"
        from payments.processor_objects known
        join payments.payments payment
            on payment.practice_id = known.practice_id and payment.payment_id = known.subject_id
        where known.object_id = any($2)
            and known.kind = 'payment'
            and known.processor_account is not distinct from $4
            and payment.practice_id = $1
            and payment.state = $3
        "#,
        practice.uuid(),
        intents,
        PaymentState::Succeeded.name(),
        account,
    )
    .fetch_all(conn)
    .await?;
    let about = |payment| About {
        payment,
        refund: None,
        movement: None,
    };
    Ok(rows
        .into_iter()
        .map(|row| (row.object_id, about(row.payment_id)))
        .collect())
}

/// By object, `re_…`.
async fn refunds(
    conn: &mut PgConnection,
    practice: PracticeId,
    (objects, account): (&[String], Option<&str>),
) -> Result<HashMap<String, About>> {
    let rows = sqlx::query!(
        r#"
        select
            known.object_id,
            refund.payment_id as "payment_id: PaymentId",
            refund.refund_id as "refund_id: RefundId"
        from payments.processor_objects known
        join payments.refunds refund
            on refund.practice_id = known.practice_id and refund.refund_id = known.subject_id
        where known.object_id = any($2)
            and known.kind = 'refund'
            and known.processor_account is not distinct from $3
            and refund.practice_id = $1
        "#,
        practice.uuid(),
        objects,
        account,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let about = About {
                payment: row.payment_id,
                refund: Some(row.refund_id),
                movement: None,
            };
            (row.object_id, about)
        })
        .collect())
}

/// Disputes' movements by transaction, `txn_…`.
async fn movements(
    conn: &mut PgConnection,
    practice: PracticeId,
    (transactions, account): (&[String], Option<&str>),
) -> Result<HashMap<String, About>> {
    let rows = sqlx::query!(
        r#"
        select
            moved.processor_transaction,
            dispute.payment_id as "payment_id: PaymentId",
            moved.movement_id as "movement_id: DisputeMovementId"
        from payments.dispute_movements moved
        join payments.disputes dispute
            on dispute.practice_id = moved.practice_id and dispute.dispute_id = moved.dispute_id
        join payments.payments payment
            on payment.practice_id = dispute.practice_id and payment.payment_id = dispute.payment_id
        where moved.practice_id = $1
            and moved.processor_transaction = any($2)
            and payment.processor_account is not distinct from $3
        "#,
        practice.uuid(),
        transactions,
        account,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let about = About {
                payment: row.payment_id,
                refund: None,
                movement: Some(row.movement_id),
            };
            (row.processor_transaction, about)
        })
        .collect())
}

/// When the oldest payment came, from `since` on, that was taken on an account and is in no payout that is known; none when
/// each is.
pub async fn oldest_not_paid_out(
    conn: &mut PgConnection,
    practice: PracticeId,
    (account, since): (Option<&str>, Timestamp),
) -> Result<Option<Timestamp>> {
    let oldest = sqlx::query_scalar!(
        r#"
        select min(payment.receive_time) as "oldest: jiff_sqlx::Timestamp"
        from payments.payments payment
        where payment.practice_id = $1
            and payment.state = 'succeeded'
            and payment.kind in ('card', 'bank_debit')
            and payment.processor_account is not distinct from $2
            and payment.receive_time >= $3
            and not exists (
                select 1
                from payments.payout_items item
                where item.practice_id = $1 and item.payment_id = payment.payment_id and item.kind = 'charge'
            )
        "#,
        practice.uuid(),
        account,
        since.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .fetch_one(conn)
    .await?;
    Ok(oldest.map(jiff_sqlx::Timestamp::to_jiff))
}
