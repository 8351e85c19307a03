//! Corrections of booked payments. The payment's lock keeps them still.

use crate::Result;
use ids::{EntryId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// The entries that move a payment to another day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The entry that stood.
    pub reversed: EntryId,
    /// The one that reverses it.
    pub reverse: EntryId,
    /// The one that stands from now on.
    pub anew: EntryId,
}

/// What a correction changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction<'a> {
    /// Of which payment.
    pub payment: PaymentId,
    /// As payments counts them.
    pub revision: i32,
    /// The day until now.
    pub from: Date,
    /// The day from now on.
    pub to: Date,
    /// As printed from now on.
    pub method_text: &'a str,
    /// Its entries; none when the day is the same.
    pub moved: Option<Moved>,
}

/// How far a payment's corrections are booked; 0 when there is none.
pub async fn latest_revision(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<i32> {
    let latest = sqlx::query_scalar!(
        r#"
        select coalesce(max(revision), 0) as "latest!"
        from billing.payment_corrections
        where practice_id = $1 and payment_id = $2
        "#,
        practice.uuid(),
        payment.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(latest)
}

/// The entry of a payment that counts: the first, or the one that booked it anew.
pub async fn standing_entry(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Option<EntryId>> {
    let entry = sqlx::query_scalar!(
        r#"
        select coalesce(
            (
                select correction.entry_id
                from billing.payment_corrections correction
                where correction.practice_id = $1
                    and correction.payment_id = $2
                    and correction.entry_id is not null
                order by correction.revision desc
                limit 1
            ),
            payment.entry_id
        ) as "entry_id!: EntryId"
        from billing.posted_payments payment
        where payment.practice_id = $1 and payment.payment_id = $2
        "#,
        practice.uuid(),
        payment.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(entry)
}

/// Keeps a correction, and what the locked payment says from now on. Its entries are written.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    correction: &Correction<'_>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        with kept as (
            insert into billing.payment_corrections (
                practice_id, payment_id, revision, from_date, to_date, reversed_entry_id, reverse_entry_id, entry_id,
                create_time
            ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        )
        update billing.posted_payments
        set receive_date = $5, method_text = $10
        where practice_id = $1 and payment_id = $2
        "#,
        practice.uuid(),
        correction.payment.uuid(),
        correction.revision,
        correction.from.to_sqlx() as jiff_sqlx::Date,
        correction.to.to_sqlx() as jiff_sqlx::Date,
        correction.moved.map(|moved| moved.reversed.uuid()),
        correction.moved.map(|moved| moved.reverse.uuid()),
        correction.moved.map(|moved| moved.anew.uuid()),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        correction.method_text,
    )
    .execute(conn)
    .await?;
    Ok(())
}
