//! Files by their content.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use ids::PracticeId;

/// Keeps a file and answers its SHA-256, by which it is found. The same bytes are kept once.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    bytes: &[u8],
    now: Timestamp,
) -> Result<[u8; 32], sqlx::Error> {
    let sha256: [u8; 32] = Sha256::digest(bytes).into();
    sqlx::query!(
        r#"
        insert into billing.document_bytes (practice_id, sha256, content, create_time)
        values ($1, $2, $3, $4)
        on conflict on constraint document_bytes_pkey do nothing
        "#,
        practice.uuid(),
        &sha256[..],
        bytes,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(sha256)
}
