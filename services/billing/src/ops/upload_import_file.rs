use crate::domain::import::{FILE_BYTES_MAX, FileKind, Import};
use crate::{Billing, ImportRefusal, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{ImportId, PracticeId};
use pg::RequestKey;

/// A file or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The file.
    pub file: FileKind,
    /// From 1.
    pub number: i32,
    /// UTF-8 without card numbers.
    pub content: String,
}

/// Keeps a part of a file in place of the one with its number and all after it. Errors: as
/// ImportService.UploadImportFile says.
pub async fn upload_import_file(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice, import): (PracticeId, ImportId),
    part: Part,
) -> Result<Import> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, import.uuid(), now).await? {
        return store::imports::get(&mut tx, practice, first.into()).await;
    }
    let state = store::imports::lock(&mut tx, practice, import).await?;
    if !state.is_before_commit() {
        return Err(ImportRefusal::Closed(import).into());
    }
    let place = (part.file, part.number);
    let before = store::import_parts::before(&mut tx, practice, import, place).await?;
    if before.parts != part.number - 1 {
        return Err(Invalid::new("part", "must follow the parts that are here").into());
    }
    // A card number that is cut in two would not have been seen.
    if before.last_byte.is_some_and(|byte| byte != b'\n') {
        let must = "must begin a line: the part before ends within one";
        return Err(Invalid::new("content", must).into());
    }
    let bytes = i64::try_from(part.content.len()).unwrap_or(i64::MAX);
    if before.bytes.saturating_add(bytes) > FILE_BYTES_MAX {
        return Err(ImportRefusal::FileTooLarge.into());
    }
    let content = part.content.as_bytes();
    store::import_parts::replace(&mut tx, practice, import, place, content).await?;
    store::import_findings::update_open(&mut tx, practice, import).await?;
    let import = store::imports::get(&mut tx, practice, import).await?;
    tx.commit().await?;
    Ok(import)
}
