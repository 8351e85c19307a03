//! The CSV files of a folder, in the parts that requests can hold.

use anyhow::{Context as _, Result, bail};
use proto::billing::v1::ImportFileKind;
use std::fs;
use std::path::Path;

/// The bytes of a part, as ImportService.UploadImportFile says.
const PART_BYTES: usize = 1_000_000;

/// What a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// People treated.
    Clients,
    /// Other persons.
    Contacts,
    /// What is owed, in one sum.
    OpeningBalances,
    /// What is held.
    Credits,
    /// Bills that are not paid yet.
    OpenBills,
    /// What is not billed yet.
    Sessions,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Clients,
        Self::Contacts,
        Self::OpeningBalances,
        Self::Credits,
        Self::OpenBills,
        Self::Sessions,
    ];

    /// The file's name without its end.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Contacts => "contacts",
            Self::OpeningBalances => "opening_balances",
            Self::Credits => "credits",
            Self::OpenBills => "open_bills",
            Self::Sessions => "sessions",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The contract's.
    pub const fn contract(self) -> ImportFileKind {
        match self {
            Self::Clients => ImportFileKind::Clients,
            Self::Contacts => ImportFileKind::Contacts,
            Self::OpeningBalances => ImportFileKind::OpeningBalances,
            Self::Credits => ImportFileKind::Credits,
            Self::OpenBills => ImportFileKind::OpenBills,
            Self::Sessions => ImportFileKind::Sessions,
        }
    }

    /// The file's name in the answers of the suite.
    pub fn of(kind: ImportFileKind) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.contract() == kind)
    }

    /// "they are called …", for whoever named another.
    pub fn listed() -> String {
        let names = Self::ALL.map(|kind| format!("{}.csv", kind.name()));
        format!("they are called {}", names.join(", "))
    }
}

/// One file.
#[derive(Debug)]
pub struct File {
    /// What it has.
    pub kind: Kind,
    text: Vec<u8>,
}

impl File {
    /// At most a million bytes each, cut at ends of lines.
    ///
    /// # Errors
    /// A line that is longer.
    pub fn parts(&self) -> Result<Vec<&[u8]>> {
        parts(&self.text).with_context(|| format!("{}.csv", self.kind.name()))
    }
}

/// All files of a folder.
#[derive(Debug)]
pub struct Files(Vec<File>);

impl Files {
    /// Reads the files that a folder has.
    ///
    /// # Errors
    /// There is none, one cannot be read, or a CSV file has a name that none has.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.extension().is_none_or(|end| end != "csv") {
                continue;
            }
            let name = path.file_stem().and_then(|name| name.to_str());
            let Some(kind) = name.and_then(Kind::named) else {
                bail!("{} is not read; {}", path.display(), Kind::listed());
            };
            let text = fs::read(&path).with_context(|| path.display().to_string())?;
            found.push(File { kind, text });
        }
        if found.is_empty() {
            let folder = folder.display();
            bail!("{folder} has no files to import; {}", Kind::listed());
        }
        found.sort_by_key(|file| Kind::ALL.iter().position(|kind| *kind == file.kind));
        Ok(Self(found))
    }

    /// In the order in which they are read.
    pub fn all(&self) -> &[File] {
        &self.0
    }
}

/// An empty file is one empty part.
fn parts(text: &[u8]) -> Result<Vec<&[u8]>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while rest.len() > PART_BYTES {
        let (head, _) = rest.split_at(PART_BYTES);
        let Some(end) = head.iter().rposition(|byte| *byte == b'\n') else {
            let line = bytes_before(text, rest).filter(|byte| **byte == b'\n');
            bail!(
                "line {} is longer than a request can hold",
                line.count() + 1
            );
        };
        let (part, after) = rest.split_at(end + 1);
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    Ok(parts)
}

fn bytes_before<'a>(text: &'a [u8], rest: &[u8]) -> impl Iterator<Item = &'a u8> {
    text.iter().take(text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_file_and_end_with_lines() {
        let row = format!("{}\n", "x".repeat(99));
        let text = row.repeat(25_000);
        let parts = parts(text.as_bytes()).expect("cut");
        assert_eq!(parts.len(), 3);
        assert_eq!(parts.concat(), text.as_bytes());
        assert!(parts.iter().all(|part| part.len() <= PART_BYTES));
        assert!(parts.iter().all(|part| part.ends_with(b"\n")));
    }

    #[test]
    fn a_line_that_no_request_holds_is_named() {
        let text = format!("one\ntwo\n{}\n", "x".repeat(2 * PART_BYTES));
        let error = parts(text.as_bytes()).expect_err("too long");
        assert_eq!(
            error.to_string(),
            "line 3 is longer than a request can hold"
        );
        assert_eq!(parts(b"").expect("empty"), [b""]);
    }

    #[test]
    fn only_files_that_somebody_reads_are_in_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let none = Files::read(folder.path()).expect_err("nothing is there");
        assert!(none.to_string().contains("opening_balances.csv"), "{none}");
        for name in ["sessions.csv", "clients.csv", "notes.txt"] {
            fs::write(folder.path().join(name), "a\n").expect("written");
        }
        let files = Files::read(folder.path()).expect("read");
        let kinds: Vec<_> = files.all().iter().map(|file| file.kind).collect();
        assert_eq!(kinds, [Kind::Clients, Kind::Sessions]);
        fs::write(folder.path().join("client.csv"), "a\n").expect("written");
        let misnamed = Files::read(folder.path()).expect_err("nobody reads it");
        assert!(misnamed.to_string().contains("client.csv is not read"));
    }
}
