//! What O2 compares: how payments and refunds ended, and what was announced of them. Read row by row, for a practice may
//! have many.

use crate::domain::payment::PaymentState;
use crate::domain::refund::RefundState;
use crate::{Error, Result};
use futures::TryStreamExt as _;
use ids::{PaymentId, PracticeId, RefundId};
use sqlx::PgConnection;

/// Hands every event of these types to `take`: its type and its payload.
pub async fn outcomes(
    conn: &mut PgConnection,
    practice: PracticeId,
    types: &[String],
    mut take: impl FnMut(&str, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut events = sqlx::query!(
        r#"
        select event_type, payload
        from payments.outbox
        where practice_id = $1 and event_type = any($2)
        "#,
        practice.uuid(),
        types,
    )
    .fetch(conn);
    while let Some(event) = events.try_next().await? {
        take(&event.event_type, &event.payload)?;
    }
    Ok(())
}

/// Hands every payment to `take`, with where it stands.
pub async fn ends_of_payments(
    conn: &mut PgConnection,
    practice: PracticeId,
    mut take: impl FnMut(PaymentId, PaymentState),
) -> Result<()> {
    let mut payments = sqlx::query!(
        r#"
        select payment_id as "payment_id: PaymentId", state
        from payments.payments
        where practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch(conn);
    while let Some(payment) = payments.try_next().await? {
        let state = PaymentState::of(&payment.state).ok_or(Error::Stored("a state"))?;
        take(payment.payment_id, state);
    }
    Ok(())
}

/// Hands every refund to `take`, with where it stands, and whether it was closed as failed and sent all the same.
pub async fn ends_of_refunds(
    conn: &mut PgConnection,
    practice: PracticeId,
    mut take: impl FnMut(RefundId, (RefundState, bool)),
) -> Result<()> {
    let mut refunds = sqlx::query!(
        r#"
        select
            refund.refund_id as "refund_id: RefundId",
            refund.state,
            exists (
                select 1
                from payments.refund_closings closing
                where closing.practice_id = $1
                    and closing.refund_id = refund.refund_id
                    and not closing.refunded
                    and closing.overrule_time is not null
            ) as "sent_all_the_same!"
        from payments.refunds refund
        where refund.practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch(conn);
    while let Some(refund) = refunds.try_next().await? {
        let state = RefundState::of(&refund.state).ok_or(Error::Stored("a state"))?;
        take(refund.refund_id, (state, refund.sent_all_the_same));
    }
    Ok(())
}
