use super::payments::Payment;
use crate::Result;
use ids::{PaymentId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

/// What a payment said before it was corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Of which payment.
    pub payment: PaymentId,
    /// Its note.
    pub note: String,
    /// When it had been received.
    pub receive_time: Timestamp,
    /// How it was printed; empty when that was not kept yet.
    pub method_text: String,
    /// The subject of whoever corrected it.
    pub corrected_by: String,
    /// When.
    pub correct_time: Timestamp,
}

/// Corrections of these payments, oldest first.
pub async fn list_of(
    conn: &mut PgConnection,
    practice: PracticeId,
    payments: &[Uuid],
) -> Result<Vec<Correction>> {
    let rows = sqlx::query!(
        r#"
        select
            payment_id as "payment_id: PaymentId",
            note,
            receive_time as "receive_time: jiff_sqlx::Timestamp",
            coalesce(method_text, '') as "method_text!",
            corrected_by,
            correct_time as "correct_time: jiff_sqlx::Timestamp"
        from payments.payment_corrections
        where practice_id = $1 and payment_id = any($2)
        order by payment_id, revision
        "#,
        practice.uuid(),
        payments,
    )
    .fetch_all(conn)
    .await?;
    let corrections = rows.into_iter().map(|row| Correction {
        payment: row.payment_id,
        note: row.note,
        receive_time: row.receive_time.to_jiff(),
        method_text: row.method_text,
        corrected_by: row.corrected_by,
        correct_time: row.correct_time.to_jiff(),
    });
    Ok(corrections.collect())
}

/// Keeps what a locked payment says, and writes what it is to say. Answers how often it was corrected by then.
pub async fn correct(
    conn: &mut PgConnection,
    after: &Payment,
    (corrected_by, now): (&str, Timestamp),
) -> Result<i32> {
    let revision = sqlx::query_scalar!(
        r#"
        with kept as (
            insert into payments.payment_corrections (
                practice_id, payment_id, revision, note, receive_time, method_text, corrected_by, correct_time
            )
            select practice_id, payment_id, revision, note, receive_time, method_text, $7, $8
            from payments.payments
            where practice_id = $1 and payment_id = $2
        )
        update payments.payments
        set
            note = $3,
            receive_time = $4,
            receive_date = $5,
            method_text = $6,
            revision = revision + 1,
            update_time = $8
        where practice_id = $1 and payment_id = $2
        returning revision
        "#,
        after.practice.uuid(),
        after.payment.uuid(),
        after.note,
        after.receive_time.to_sqlx() as jiff_sqlx::Timestamp,
        after.receive_date.to_sqlx() as jiff_sqlx::Date,
        after.method_text,
        corrected_by,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .fetch_one(conn)
    .await?;
    Ok(revision)
}
