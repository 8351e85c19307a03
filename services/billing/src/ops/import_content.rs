//! Reading an import's files and checking them against the practice, for its preview and for its commit alike.

use crate::domain::import::{FileKind, FileRead, FileTotals, Files, Known, Mistakes, Rules, check};
use crate::store::practices::Practice;
use crate::{Billing, Error, ImportRefusal, Result, store};
use ids::{ImportId, PracticeId};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// An import's files, as they were read.
pub(super) struct Content {
    pub(super) files: Files,
    pub(super) totals: Vec<FileTotals>,
    pub(super) mistakes: Mistakes,
    /// Bytes and hash of each.
    contents: BTreeMap<FileKind, (i64, [u8; 32])>,
}

/// Reads the files of a locked import. Errors: IMPORT_HAS_NO_FILES.
pub(super) async fn read(
    billing: &Billing,
    conn: &mut PgConnection,
    practice: &Practice,
    import: ImportId,
) -> Result<Content> {
    let contents = store::import_parts::content(conn, practice.practice, import).await?;
    if contents.is_empty() {
        return Err(ImportRefusal::NoFiles(import).into());
    }
    let rules = Rules {
        currency: practice.currency,
        zone: practice.zone()?,
        today: practice.local_date(billing.clock.now())?,
        is_card_number,
    };
    // A hundred thousand rows take a while, and others want this thread.
    let read = tokio::task::spawn_blocking(move || parsed(contents, &rules));
    read.await
        .map_err(|_| Error::Stored("an import whose reading ended early"))?
}

/// Masked when it was uploaded, or still to be seen.
fn is_card_number(text: &str) -> bool {
    text.contains(telemetry::CARD_NUMBER_MASK)
        || matches!(telemetry::redacted(text), std::borrow::Cow::Owned(_))
}

fn parsed(contents: BTreeMap<FileKind, Vec<u8>>, rules: &Rules) -> Result<Content> {
    let mut files = Files::default();
    let mut mistakes = Mistakes::default();
    let mut measured = BTreeMap::new();
    for (kind, content) in contents {
        files.read((kind, &content), rules, &mut mistakes);
        let bytes = i64::try_from(content.len()).unwrap_or(i64::MAX);
        measured.insert(kind, (bytes, Sha256::digest(&content).into()));
    }
    Ok(Content {
        totals: files.totals(rules.currency)?,
        files,
        mistakes,
        contents: measured,
    })
}

impl Content {
    /// Looks up what the files name, and adds what is wrong with it.
    pub(super) async fn check(
        &mut self,
        conn: &mut PgConnection,
        practice: PracticeId,
        import: ImportId,
    ) -> Result<Known> {
        let hashes = self.contents.iter().map(|(kind, (_, hash))| (*kind, *hash));
        let hashes = hashes.collect();
        let named = self.files.named();
        let known = store::import_lookups::known(conn, practice, &named, (import, &hashes)).await?;
        check(&self.files, &known, &mut self.mistakes);
        Ok(known)
    }

    /// What there is to say of each file.
    pub(super) fn found(&self) -> BTreeMap<FileKind, (i64, FileRead)> {
        let of = |totals: &FileTotals| {
            let (bytes, sha256) = self.contents.get(&totals.file)?;
            let read = FileRead {
                sha256: *sha256,
                rows: totals.rows,
                amount: totals.amount,
            };
            Some((totals.file, (*bytes, read)))
        };
        self.totals.iter().filter_map(of).collect()
    }
}
