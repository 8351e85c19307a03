//! Disputes change under their own lock, which comes after the payment's and before the balances'.

use super::currency;
use crate::domain::dispute::{Dispute, Outcome};
use crate::{Error, Missing, Result};
use ids::{ClientId, DisputeId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use uuid::Uuid;

/// A dispute as it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewDispute {
    /// The dispute.
    pub dispute: DisputeId,
    /// What it is about; booked.
    pub payment: PaymentId,
    /// Whose payment.
    pub client: ClientId,
    /// Above 0.
    pub amount: Money,
    /// Local day.
    pub open_date: Date,
}

/// Writes a dispute. Again is fine.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    now: Timestamp,
    opened: &NewDispute,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.disputes (
            practice_id, dispute_id, payment_id, client_id, outcome, currency, amount_minor, open_date, create_time,
            update_time
        ) values ($1, $2, $3, $4, 'open', $5, $6, $7, $8, $8)
        on conflict on constraint disputes_pkey do nothing
        "#,
        practice.uuid(),
        opened.dispute.uuid(),
        opened.payment.uuid(),
        opened.client.uuid(),
        opened.amount.currency().code(),
        opened.amount.minor(),
        opened.open_date.to_sqlx() as jiff_sqlx::Date,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks a dispute until the transaction ends, and reads it with its payment's client. Errors: DISPUTE_NOT_FOUND.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    dispute: DisputeId,
) -> Result<(Dispute, ClientId)> {
    let row = sqlx::query!(
        r#"
        select
            payment_id as "payment_id: PaymentId",
            client_id as "client_id: ClientId",
            outcome,
            currency,
            under_way_minor,
            lost_minor,
            fee_minor
        from billing.disputes
        where practice_id = $1 and dispute_id = $2
        for update
        "#,
        practice.uuid(),
        dispute.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::Missing(Missing::Dispute(dispute)))?;
    let currency = currency(&row.currency)?;
    let found = Dispute {
        dispute,
        payment: row.payment_id,
        outcome: Outcome::of(&row.outcome).ok_or(Error::Stored("a dispute's outcome"))?,
        under_way: Money::from_minor(row.under_way_minor, currency),
        lost: Money::from_minor(row.lost_minor, currency),
        fee: Money::from_minor(row.fee_minor, currency),
    };
    Ok((found, row.client_id))
}

/// Writes how a dispute stands; `close_date` once it has ended.
pub async fn update(
    conn: &mut PgConnection,
    practice: PracticeId,
    (dispute, close_date): (&Dispute, Option<Date>),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.disputes
        set outcome = $3, under_way_minor = $4, lost_minor = $5, fee_minor = $6,
            close_date = coalesce(close_date, $7), update_time = $8
        where practice_id = $1 and dispute_id = $2
        "#,
        practice.uuid(),
        dispute.dispute.uuid(),
        dispute.outcome.name(),
        dispute.under_way.minor(),
        dispute.lost.minor(),
        dispute.fee.minor(),
        close_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether an act about this subject is booked.
pub async fn is_booked(
    conn: &mut PgConnection,
    practice: PracticeId,
    (act, subject): (&str, Uuid),
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select 1 from billing.entries where practice_id = $1 and kind = $2 and subject_id = $3
        ) as "booked!"
        "#,
        practice.uuid(),
        act,
        subject,
    )
    .fetch_one(conn)
    .await
}
