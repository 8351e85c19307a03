use crate::domain::people::Payer;
use crate::{Error, Missing, Result};
use ids::{PayerId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// Writes a payer.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    payer: &Payer,
    create_time: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.payers (practice_id, payer_id, name, external_reference, create_time)
        values ($1, $2, $3, $4, $5)
        "#,
        practice.uuid(),
        payer.payer.uuid(),
        payer.name,
        payer.external_reference,
        create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Errors: PAYER_NOT_FOUND.
pub async fn get(conn: &mut PgConnection, practice: PracticeId, payer: PayerId) -> Result<Payer> {
    sqlx::query_as!(
        Payer,
        r#"
        select
            payer_id as "payer: PayerId",
            name,
            external_reference
        from billing.payers
        where practice_id = $1 and payer_id = $2
        "#,
        practice.uuid(),
        payer.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::Missing(Missing::Payer(payer)))
}
