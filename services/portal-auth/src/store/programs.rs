use crate::Result;
use ids::{PracticeId, ProgramId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

/// A practice's own program.
#[derive(Clone, Debug)]
pub struct Program {
    /// What it signs in as.
    pub program_id: ProgramId,
    /// Whose it is.
    pub practice_id: PracticeId,
    /// In the practice's words.
    pub name: String,
    /// SHA-256 of its secret.
    pub secret_digest: [u8; 32],
}

/// By id, of any practice: this is a sign-in.
pub async fn find_digest(
    conn: &mut PgConnection,
    program: ProgramId,
) -> Result<Option<(PracticeId, Vec<u8>)>> {
    let row = sqlx::query!(
        r#"
        select
            practice_id as "practice_id: PracticeId",
            secret_digest
        from portal_auth.programs
        where program_id = $1
        "#,
        program.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.practice_id, row.secret_digest)))
}

/// Writes a new program.
pub async fn insert(conn: &mut PgConnection, program: &Program, now: Timestamp) -> Result<()> {
    sqlx::query!(
        r#"
        insert into portal_auth.programs (program_id, practice_id, name, secret_digest, create_time)
        values ($1, $2, $3, $4, $5)
        "#,
        program.program_id.uuid(),
        program.practice_id.uuid(),
        program.name,
        program.secret_digest.as_slice(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
