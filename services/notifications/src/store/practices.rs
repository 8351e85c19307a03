use crate::Result;
use crate::domain::practice::Practice;
use ids::PracticeId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// None until portal-auth's event about it has come.
pub async fn find(conn: &mut PgConnection, practice: PracticeId) -> Result<Option<Practice>> {
    let row = sqlx::query!(
        r#"
        select
            name,
            time_zone,
            address_lines,
            phone,
            email
        from notifications.practices
        where practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Practice {
        name: row.name,
        time_zone: row.time_zone,
        address_lines: row.address_lines,
        phone: row.phone,
        email: row.email,
    }))
}

/// Writes a practice, or its letterhead anew when it is known.
pub async fn upsert(
    conn: &mut PgConnection,
    practice_id: PracticeId,
    practice: &Practice,
    create_time: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into notifications.practices (
            practice_id, name, time_zone, address_lines, phone, email, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint practices_pkey do update
        set
            name = excluded.name,
            time_zone = excluded.time_zone,
            address_lines = excluded.address_lines,
            phone = excluded.phone,
            email = excluded.email
        "#,
        practice_id.uuid(),
        practice.name,
        practice.time_zone,
        &practice.address_lines,
        practice.phone,
        practice.email,
        create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
