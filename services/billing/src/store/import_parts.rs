//! The content of an import's files, in parts. The import is locked.

use super::imports::kind;
use crate::Result;
use crate::domain::import::FileKind;
use ids::{ImportId, PracticeId};
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// How a file stands before a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// How many parts there are before it.
    pub parts: i32,
    /// How large they are.
    pub bytes: i64,
    /// The last byte of the one before.
    pub last_byte: Option<u8>,
}

/// How a file stands before its part `part`.
pub async fn before(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
    (file, part): (FileKind, i32),
) -> Result<Before, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            count(*)::integer as "parts!",
            coalesce(sum(octet_length(content)), 0)::bigint as "bytes!",
            (
                array_agg(get_byte(content, octet_length(content) - 1)) filter (
                    where part = $4 - 1 and octet_length(content) > 0
                )
            )[1] as last_byte
        from billing.import_parts
        where practice_id = $1 and import_id = $2 and kind = $3 and part < $4
        "#,
        practice.uuid(),
        import.uuid(),
        file.name(),
        part,
    )
    .fetch_one(conn)
    .await?;
    Ok(Before {
        parts: row.parts,
        bytes: row.bytes,
        last_byte: row.last_byte.and_then(|byte| u8::try_from(byte).ok()),
    })
}

/// Writes a part in place of the one with its number and of all after it.
pub async fn replace(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
    (file, part): (FileKind, i32),
    content: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        delete from billing.import_parts
        where practice_id = $1 and import_id = $2 and kind = $3 and part >= $4
        "#,
        practice.uuid(),
        import.uuid(),
        file.name(),
        part,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        r#"
        insert into billing.import_parts (practice_id, import_id, kind, part, content)
        values ($1, $2, $3, $4, $5)
        "#,
        practice.uuid(),
        import.uuid(),
        file.name(),
        part,
        content,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Every file's content, its parts one after the other.
pub async fn content(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
) -> Result<BTreeMap<FileKind, Vec<u8>>> {
    let rows = sqlx::query!(
        r#"
        select kind, content
        from billing.import_parts
        where practice_id = $1 and import_id = $2
        order by kind, part
        "#,
        practice.uuid(),
        import.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let mut files: BTreeMap<FileKind, Vec<u8>> = BTreeMap::new();
    for row in rows {
        let file = files.entry(kind(&row.kind)?).or_default();
        file.extend_from_slice(&row.content);
    }
    Ok(files)
}

/// Forgets the content of every file.
pub async fn delete(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        delete from billing.import_parts where practice_id = $1 and import_id = $2
        "#,
        practice.uuid(),
        import.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
