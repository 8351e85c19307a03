use crate::Result;
use crate::domain::acceptance::{Acceptance, Online};
use ids::{PaymentId, PracticeId};
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// Keeps that the payer of a new payment agreed.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    (payment, acceptance): (PaymentId, &Acceptance),
) -> Result<()> {
    let online = acceptance.online.as_ref();
    sqlx::query!(
        r#"
        insert into payments.debit_acceptances (
            practice_id, payment_id, accept_time, payer_address, payer_user_agent
        )
        values ($1, $2, $3, $4, $5)
        "#,
        practice.uuid(),
        payment.uuid(),
        acceptance.time.to_sqlx() as jiff_sqlx::Timestamp,
        online.map(|online| &*online.address),
        online.map(|online| &*online.user_agent),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// That of a payment; none when it is made with what is on file.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Option<Acceptance>> {
    let row = sqlx::query!(
        r#"
        select
            accept_time as "accept_time: jiff_sqlx::Timestamp",
            payer_address,
            payer_user_agent
        from payments.debit_acceptances
        where practice_id = $1 and payment_id = $2
        "#,
        practice.uuid(),
        payment.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Acceptance {
        time: row.accept_time.to_jiff(),
        online: row
            .payer_address
            .zip(row.payer_user_agent)
            .map(|(address, user_agent)| Online {
                address,
                user_agent,
            }),
    }))
}

/// Forgets that of a payment.
pub async fn delete(
    conn: &mut PgConnection,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<()> {
    sqlx::query!(
        r#"
        delete from payments.debit_acceptances
        where practice_id = $1 and payment_id = $2
        "#,
        practice.uuid(),
        payment.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
