use crate::Result;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

/// A key as it is kept.
#[derive(Clone, Debug)]
pub struct Row {
    /// The `kid`.
    pub key_id: String,
    /// The private half, sealed.
    pub sealed: Vec<u8>,
    /// When it was drawn, and published.
    pub create_time: Timestamp,
    /// When it begins to sign.
    pub sign_from_time: Timestamp,
}

/// Held until the transaction ends, so that replicas that start together draw one first key between them.
pub async fn lock(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("lock table portal_auth.signing_keys in exclusive mode")
        .execute(conn)
        .await?;
    Ok(())
}

/// Keys that sign, will sign, or whose tokens may still live; oldest first.
pub async fn list_live(conn: &mut PgConnection, now: Timestamp) -> Result<Vec<Row>> {
    let rows = sqlx::query!(
        r#"
        select
            key_id,
            sealed,
            create_time as "create_time: jiff_sqlx::Timestamp",
            sign_from_time as "sign_from_time: jiff_sqlx::Timestamp"
        from portal_auth.signing_keys
        where retire_time is null or retire_time > $1
        order by create_time, key_id
        "#,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Row {
            key_id: row.key_id,
            sealed: row.sealed,
            create_time: row.create_time.to_jiff(),
            sign_from_time: row.sign_from_time.to_jiff(),
        })
        .collect())
}

/// Publishes a new key.
pub async fn insert(conn: &mut PgConnection, row: &Row) -> Result<()> {
    sqlx::query!(
        r#"
        insert into portal_auth.signing_keys (key_id, sealed, create_time, sign_from_time)
        values ($1, $2, $3, $4)
        "#,
        row.key_id,
        row.sealed,
        row.create_time.to_sqlx() as jiff_sqlx::Timestamp,
        row.sign_from_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
