use crate::Result;
use ::rpc::Denied;
use ids::PracticeId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

/// A practice as it is kept.
#[derive(Clone, Debug)]
pub struct Practice {
    /// The tenant's id.
    pub practice_id: PracticeId,
    /// As printed.
    pub name: String,
    /// IANA name.
    pub time_zone: String,
    /// ISO 4217.
    pub currency: String,
    /// Up to four printed lines.
    pub address_lines: Vec<String>,
    /// As printed.
    pub phone: String,
    /// Where replies go.
    pub email: String,
    /// As printed.
    pub tax_id: String,
    /// National Provider Identifier.
    pub npi: String,
    /// When it was registered.
    pub create_time: Timestamp,
}

/// Errors: PRACTICE_UNKNOWN.
pub async fn get(conn: &mut PgConnection, practice: PracticeId) -> Result<Practice> {
    let row = sqlx::query!(
        r#"
        select
            practice_id as "practice_id: PracticeId",
            name,
            time_zone,
            currency,
            address_lines,
            phone,
            email,
            tax_id,
            npi,
            create_time as "create_time: jiff_sqlx::Timestamp"
        from portal_auth.practices
        where practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or_else(|| Denied::not_found("practice", practice))?;
    Ok(Practice {
        practice_id: row.practice_id,
        name: row.name,
        time_zone: row.time_zone,
        currency: row.currency,
        address_lines: row.address_lines,
        phone: row.phone,
        email: row.email,
        tax_id: row.tax_id,
        npi: row.npi,
        create_time: row.create_time.to_jiff(),
    })
}

/// Writes a new practice; the transaction has to see it.
pub async fn insert(conn: &mut PgConnection, practice: &Practice) -> Result<()> {
    sqlx::query!(
        r#"
        insert into portal_auth.practices (
            practice_id, name, time_zone, currency, address_lines, phone, email, tax_id, npi, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        practice.practice_id.uuid(),
        practice.name,
        practice.time_zone,
        practice.currency,
        &practice.address_lines,
        practice.phone,
        practice.email,
        practice.tax_id,
        practice.npi,
        practice.create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
