//! The book on disk: one JSON line per act, holding every row it changed, so that an act is there wholly or not at all.
//!
//! At the start the lines are read (a last line cut short by a crash is dropped), and a compact copy replaces the
//! file by rename. Lines are handed to the operating system before the answer leaves: a killed process loses nothing
//! that it acknowledged. They are not flushed to the platter; this is a sandbox.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::book::{Book, Entry};

/// Why the data file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refuses.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// A line in the middle is not what this program writes.
    #[error("{path}, line {line}: {source}")]
    Line {
        /// Which file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

#[derive(Serialize, Deserialize)]
struct Line {
    account: String,
    rows: Vec<Entry>,
}

/// The open data file.
#[derive(Debug)]
pub struct Journal {
    file: File,
    broken: bool,
}

impl Journal {
    /// Reads the books of a file, rewrites it compactly without events and answers older than `horizon` (Unix
    /// seconds), and opens it for more. A file that does not exist is an empty one.
    pub fn open(path: &Path, horizon: i64) -> Result<(Self, BTreeMap<String, Book>), JournalError> {
        let io = |source| JournalError::Io {
            path: path.to_owned(),
            source,
        };
        let books = read(path)?;
        let fresh = path.with_extension("new");
        let mut writer = BufWriter::new(File::create(&fresh).map_err(io)?);
        for book in books.values() {
            for entry in book.entries_since(horizon) {
                write_line(
                    &mut writer,
                    &Line {
                        account: book.account.clone(),
                        rows: vec![entry],
                    },
                )
                .map_err(io)?;
            }
        }
        let file = writer
            .into_inner()
            .map_err(|error| io(error.into_error()))?;
        file.sync_all().map_err(io)?;
        std::fs::rename(&fresh, path).map_err(io)?;
        let file = OpenOptions::new().append(true).open(path).map_err(io)?;
        Ok((
            Self {
                file,
                broken: false,
            },
            books,
        ))
    }

    /// Appends one act's rows as one line. After a failure it takes no more: what was lost must not be followed by
    /// what builds on it.
    pub fn append(&mut self, account: &str, rows: Vec<Entry>) -> std::io::Result<()> {
        if self.broken {
            return Err(std::io::Error::other(
                "an earlier write to the data file failed; restart the sandbox",
            ));
        }
        let written = write_line(
            &mut self.file,
            &Line {
                account: account.to_owned(),
                rows,
            },
        );
        self.broken = written.is_err();
        written
    }
}

fn write_line(writer: &mut impl Write, line: &Line) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    writer.write_all(&text)
}

fn read(path: &Path) -> Result<BTreeMap<String, Book>, JournalError> {
    let io = |source| JournalError::Io {
        path: path.to_owned(),
        source,
    };
    let mut books: BTreeMap<String, Book> = BTreeMap::new();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(books),
        Err(error) => return Err(io(error)),
    };
    let mut reader = BufReader::new(file);
    let mut text = Vec::new();
    for number in 1.. {
        text.clear();
        if reader.read_until(b'\n', &mut text).map_err(io)? == 0 {
            break;
        }
        if text.last() != Some(&b'\n') {
            tracing::warn!(
                line = number,
                "the last line of the data file was cut short and is dropped"
            );
            break;
        }
        let line: Line = serde_json::from_slice(&text).map_err(|source| JournalError::Line {
            path: path.to_owned(),
            line: number,
            source,
        })?;
        let book = books
            .entry(line.account.clone())
            .or_insert_with(|| Book::new(&line.account));
        line.rows.into_iter().for_each(|row| book.restore(row));
    }
    Ok(books)
}
