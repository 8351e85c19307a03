//! What reading an import's files found. The import is locked.

use super::imports::kind;
use crate::Result;
use crate::domain::import::{FileKind, FileRead, Mistake};
use ids::{ImportId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// At most `limit` mistakes that are kept of an import, each with its position, from after one.
pub async fn mistakes(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
    (after, limit): (Option<i32>, i64),
) -> Result<Vec<(i32, Mistake)>> {
    let rows = sqlx::query!(
        r#"
        select
            position,
            kind,
            line,
            column_name,
            reason
        from billing.import_errors
        where practice_id = $1 and import_id = $2 and position > coalesce($3, 0)
        order by position
        limit $4
        "#,
        practice.uuid(),
        import.uuid(),
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let mistake = Mistake {
                file: kind(&row.kind)?,
                line: row.line,
                column: row.column_name,
                reason: row.reason,
            };
            Ok((row.position, mistake))
        })
        .collect()
}

/// Writes what reading a locked import's files found, in place of what it found before.
pub async fn update_prepared(
    conn: &mut PgConnection,
    practice: PracticeId,
    (import, now): (ImportId, Timestamp),
    files: &BTreeMap<FileKind, (i64, FileRead)>,
    (count, shown): (usize, &[Mistake]),
) -> Result<(), sqlx::Error> {
    forget_findings(conn, practice, import).await?;
    insert_files(conn, practice, import, files).await?;
    let kinds: Vec<&str> = shown.iter().map(|mistake| mistake.file.name()).collect();
    let lines: Vec<i32> = shown.iter().map(|mistake| mistake.line).collect();
    let columns: Vec<&str> = shown
        .iter()
        .map(|mistake| mistake.column.as_str())
        .collect();
    let reasons: Vec<&str> = shown
        .iter()
        .map(|mistake| mistake.reason.as_str())
        .collect();
    sqlx::query!(
        r#"
        with mistake as (
            insert into billing.import_errors (practice_id, import_id, position, kind, line, column_name, reason)
            select $1, $2, fresh.position, fresh.kind, fresh.line, fresh.column_name, fresh.reason
            from unnest($5::text[], $6::integer[], $7::text[], $8::text[])
                with ordinality as fresh (kind, line, column_name, reason, position)
        )
        update billing.imports
        set state = 'prepared', error_count = $4, prepare_time = $3
        where practice_id = $1 and import_id = $2
        "#,
        practice.uuid(),
        import.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        i32::try_from(count).unwrap_or(i32::MAX),
        &kinds as &[&str],
        &lines,
        &columns as &[&str],
        &reasons as &[&str],
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_files(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
    files: &BTreeMap<FileKind, (i64, FileRead)>,
) -> Result<(), sqlx::Error> {
    for (kind, (byte_count, read)) in files {
        sqlx::query!(
            r#"
            insert into billing.import_files (
                practice_id, import_id, kind, byte_count, sha256, row_count, currency, amount_minor
            ) values ($1, $2, $3, $4, $5, $6, $7, $8)
            "#,
            practice.uuid(),
            import.uuid(),
            kind.name(),
            byte_count,
            read.sha256.as_slice(),
            read.rows,
            read.amount.currency().code(),
            read.amount.minor(),
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

async fn forget_findings(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        with file as (
            delete from billing.import_files where practice_id = $1 and import_id = $2
        )
        delete from billing.import_errors
        where practice_id = $1 and import_id = $2
        "#,
        practice.uuid(),
        import.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a locked import has another content than what was read of it.
pub async fn update_open(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
) -> Result<(), sqlx::Error> {
    forget_findings(conn, practice, import).await?;
    sqlx::query!(
        r#"
        update billing.imports
        set state = 'open', error_count = 0, prepare_time = null
        where practice_id = $1 and import_id = $2
        "#,
        practice.uuid(),
        import.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
