//! Imports and their files. An import's row is locked first of all.

use super::{currency, import_findings};
use crate::domain::import::{FileKind, FileRead, Import, ImportFile, ImportState};
use crate::{Error, Missing, Result};
use ids::{ImportId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use uuid::Uuid;

/// So many mistakes come along with an import.
const MISTAKES_SHOWN: i64 = 100;

/// A row of `billing.imports`.
struct Row {
    import_id: ImportId,
    state: String,
    error_count: i32,
    create_time: jiff_sqlx::Timestamp,
    prepare_time: Option<jiff_sqlx::Timestamp>,
    commit_time: Option<jiff_sqlx::Timestamp>,
    undo_time: Option<jiff_sqlx::Timestamp>,
}

impl Row {
    fn into_import(self) -> Result<Import> {
        Ok(Import {
            import: self.import_id,
            state: state(&self.state)?,
            files: Vec::new(),
            mistake_count: self.error_count,
            mistakes: Vec::new(),
            create_time: self.create_time.to_jiff(),
            prepare_time: self.prepare_time.map(jiff_sqlx::Timestamp::to_jiff),
            commit_time: self.commit_time.map(jiff_sqlx::Timestamp::to_jiff),
            undo_time: self.undo_time.map(jiff_sqlx::Timestamp::to_jiff),
        })
    }
}

fn state(name: &str) -> Result<ImportState> {
    ImportState::of(name).ok_or(Error::Stored("an import's state"))
}

pub(super) fn kind(name: &str) -> Result<FileKind> {
    FileKind::of(name).ok_or(Error::Stored("an import file's kind"))
}

/// Writes an import without files.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    (import, now): (ImportId, Timestamp),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.imports (practice_id, import_id, state, create_time)
        values ($1, $2, 'open', $3)
        "#,
        practice.uuid(),
        import.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many are neither taken nor dropped.
pub async fn count_open(conn: &mut PgConnection, practice: PracticeId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from billing.imports
        where practice_id = $1 and state in ('open', 'prepared')
        "#,
        practice.uuid(),
    )
    .fetch_one(conn)
    .await
}

/// Locks an import and says where it stands. Errors: IMPORT_NOT_FOUND.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
) -> Result<ImportState> {
    let name = sqlx::query_scalar!(
        r#"
        select state
        from billing.imports
        where practice_id = $1 and import_id = $2
        for no key update
        "#,
        practice.uuid(),
        import.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::Missing(Missing::Import(import)))?;
    state(&name)
}

/// An import with its files and first mistakes. Errors: IMPORT_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
) -> Result<Import> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select
            import_id as "import_id: ImportId",
            state,
            error_count,
            create_time as "create_time: jiff_sqlx::Timestamp",
            prepare_time as "prepare_time: jiff_sqlx::Timestamp",
            commit_time as "commit_time: jiff_sqlx::Timestamp",
            undo_time as "undo_time: jiff_sqlx::Timestamp"
        from billing.imports
        where practice_id = $1 and import_id = $2
        "#,
        practice.uuid(),
        import.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::Missing(Missing::Import(import)))?;
    let mut imports = [row.into_import()?];
    add_files(conn, practice, &mut imports).await?;
    let [mut found] = imports;
    found.mistakes = import_findings::mistakes(conn, practice, import, (None, MISTAKES_SHOWN))
        .await?
        .into_iter()
        .map(|(_, mistake)| mistake)
        .collect();
    Ok(found)
}

/// At most `limit` imports with their files, newest first, from before one.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    (before, limit): (Option<ImportId>, i64),
) -> Result<Vec<Import>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            import_id as "import_id: ImportId",
            state,
            error_count,
            create_time as "create_time: jiff_sqlx::Timestamp",
            prepare_time as "prepare_time: jiff_sqlx::Timestamp",
            commit_time as "commit_time: jiff_sqlx::Timestamp",
            undo_time as "undo_time: jiff_sqlx::Timestamp"
        from billing.imports
        where practice_id = $1 and ($2::uuid is null or import_id < $2)
        order by import_id desc
        limit $3
        "#,
        practice.uuid(),
        before.map(ImportId::uuid),
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut imports = rows
        .into_iter()
        .map(Row::into_import)
        .collect::<Result<Vec<_>>>()?;
    add_files(conn, practice, &mut imports).await?;
    Ok(imports)
}

async fn add_files(
    conn: &mut PgConnection,
    practice: PracticeId,
    imports: &mut [Import],
) -> Result<()> {
    let ids: Vec<Uuid> = imports.iter().map(|import| import.import.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        with part as (
            select import_id, kind, count(*)::integer as part_count, sum(octet_length(content))::bigint as byte_count
            from billing.import_parts
            where practice_id = $1 and import_id = any($2)
            group by import_id, kind
        ), file as (
            select import_id, kind, byte_count, sha256, row_count, currency, amount_minor
            from billing.import_files
            where practice_id = $1 and import_id = any($2)
        )
        select
            coalesce(file.import_id, part.import_id) as "import_id!: ImportId",
            coalesce(file.kind, part.kind) as "kind!",
            coalesce(part.part_count, 0) as "part_count!",
            coalesce(file.byte_count, part.byte_count, 0) as "byte_count!",
            file.sha256 as "sha256?",
            coalesce(file.row_count, 0) as "row_count!",
            file.currency as "currency?",
            coalesce(file.amount_minor, 0) as "amount_minor!"
        from part
        full join file on file.import_id = part.import_id and file.kind = part.kind
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let read = match (row.sha256, row.currency) {
            (Some(sha256), Some(code)) => Some(FileRead {
                sha256: sha256
                    .try_into()
                    .map_err(|_| Error::Stored("an import file's hash"))?,
                rows: row.row_count,
                amount: Money::from_minor(row.amount_minor, currency(&code)?),
            }),
            _unread => None,
        };
        let file = ImportFile {
            kind: kind(&row.kind)?,
            part_count: row.part_count,
            byte_count: row.byte_count,
            read,
        };
        let of_import = imports
            .iter_mut()
            .find(|import| import.import == row.import_id);
        if let Some(import) = of_import {
            import.files.push(file);
            import.files.sort_by_key(|file| file.kind);
        }
    }
    Ok(())
}

/// Notes that everything of a locked import was taken.
pub async fn update_committed(
    conn: &mut PgConnection,
    practice: PracticeId,
    (import, now): (ImportId, Timestamp),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.imports
        set state = 'committed', commit_time = $3
        where practice_id = $1 and import_id = $2
        "#,
        practice.uuid(),
        import.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a locked import was taken back or dropped.
pub async fn update_undone(
    conn: &mut PgConnection,
    practice: PracticeId,
    (import, now): (ImportId, Timestamp),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.imports
        set state = 'undone', undo_time = $3
        where practice_id = $1 and import_id = $2
        "#,
        practice.uuid(),
        import.uuid(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
