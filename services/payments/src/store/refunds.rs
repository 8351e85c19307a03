//! Refunds change under their payment's lock.

use super::currency;
use super::refund_closings::RefundClosing;
use crate::domain::refund::RefundState;
use crate::{Error, Missing, Result};
use ids::{PaymentId, PracticeId, RefundId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use uuid::Uuid;

/// A refund as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Its id.
    pub refund: RefundId,
    /// What it gives back.
    pub payment: PaymentId,
    /// Above 0.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// It stays as the client's credit.
    pub to_credit: bool,
    /// Where it stands.
    pub state: RefundState,
    /// Local day.
    pub refund_date: Date,
    /// The processor's object, `re_…`.
    pub processor_refund: Option<String>,
    /// Somebody made it at the processor; nobody asked for it here.
    pub made_at_processor: bool,
    /// When it was asked for.
    pub create_time: Timestamp,
    /// What somebody said of its end, when it could not be learnt.
    pub closing: Option<RefundClosing>,
}

/// Writes a new refund. The caller holds the payment's lock and has counted the refund against it.
pub async fn insert(conn: &mut PgConnection, practice: PracticeId, refund: &Refund) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.refunds (
            practice_id, refund_id, payment_id, amount_minor, reason, to_credit, state, refund_date,
            processor_refund, made_at_processor, create_time, update_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
        "#,
        practice.uuid(),
        refund.refund.uuid(),
        refund.payment.uuid(),
        refund.amount.minor(),
        refund.reason,
        refund.to_credit,
        refund.state.name(),
        refund.refund_date.to_sqlx() as jiff_sqlx::Date,
        refund.processor_refund,
        refund.made_at_processor,
        refund.create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which payment a refund is of. Errors: REFUND_NOT_FOUND.
pub async fn get_payment(
    conn: &mut PgConnection,
    practice: PracticeId,
    refund: RefundId,
) -> Result<PaymentId> {
    let payment = sqlx::query_scalar!(
        r#"
        select payment_id as "payment_id: PaymentId"
        from payments.refunds
        where practice_id = $1 and refund_id = $2
        "#,
        practice.uuid(),
        refund.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    payment.ok_or(Error::Missing(Missing::Refund(refund)))
}

/// The refunds of these payments, oldest first.
pub(super) async fn list_of(
    conn: &mut PgConnection,
    practice: PracticeId,
    payments: &[Uuid],
) -> Result<Vec<Refund>> {
    let rows = sqlx::query!(
        r#"
        select
            refund.refund_id as "refund_id: RefundId",
            refund.payment_id as "payment_id: PaymentId",
            payment.currency,
            refund.amount_minor,
            refund.reason,
            refund.to_credit,
            refund.state,
            refund.refund_date as "refund_date: jiff_sqlx::Date",
            refund.processor_refund,
            refund.made_at_processor,
            refund.create_time as "create_time: jiff_sqlx::Timestamp",
            closing.refunded as "closed_as_refunded?",
            closing.reason as "close_reason?",
            closing.closed_by as "closed_by?",
            closing.close_time as "close_time?: jiff_sqlx::Timestamp",
            closing.overrule_time as "overrule_time?: jiff_sqlx::Timestamp"
        from payments.refunds refund
        left join payments.refund_closings closing
            on closing.practice_id = refund.practice_id and closing.refund_id = refund.refund_id
        join payments.payments payment
            on payment.practice_id = refund.practice_id and payment.payment_id = refund.payment_id
        where refund.practice_id = $1 and refund.payment_id = any($2)
        order by refund.create_time, refund.refund_id
        "#,
        practice.uuid(),
        payments,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let overrule_time = row.overrule_time.map(jiff_sqlx::Timestamp::to_jiff);
            let said = row.closed_as_refunded.zip(row.close_reason);
            let by = row.closed_by.zip(row.close_time);
            let closing = said.zip(by).map(|((refunded, reason), (closed_by, time))| {
                let close_time = time.to_jiff();
                RefundClosing {
                    refunded,
                    reason,
                    closed_by,
                    close_time,
                    overrule_time,
                }
            });
            Ok(Refund {
                refund: row.refund_id,
                payment: row.payment_id,
                amount: Money::from_minor(row.amount_minor, currency(&row.currency)?),
                reason: row.reason,
                to_credit: row.to_credit,
                state: RefundState::of(&row.state).ok_or(Error::Stored("a refund's state"))?,
                refund_date: row.refund_date.to_jiff(),
                processor_refund: row.processor_refund,
                made_at_processor: row.made_at_processor,
                create_time: row.create_time.to_jiff(),
                closing,
            })
        })
        .collect()
}

/// Where a refund stands, and the processor's object once that is known.
pub async fn update_standing(
    conn: &mut PgConnection,
    practice: PracticeId,
    refund: RefundId,
    (state, object): (RefundState, Option<&str>),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.refunds
        set state = $3, processor_refund = coalesce(processor_refund, $4), update_time = $5
        where practice_id = $1 and refund_id = $2
        "#,
        practice.uuid(),
        refund.uuid(),
        state.name(),
        object,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
