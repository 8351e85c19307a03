//! Reads one CSV file into typed rows, or reports every row that cannot be.

use std::path::Path;

use super::ReadError;
use super::field::{Fields, Reason};

/// A row and the line it starts on, for messages about it.
#[derive(Debug, Clone)]
pub struct Line<T> {
    /// Counted from 1; the header is line 1.
    pub number: u64,
    /// The row.
    pub row: T,
}

/// A kind of row that has a file of its own.
pub trait Row: Sized {
    /// The file's name.
    const FILE: &'static str;
    /// The columns that are read; others may be there too.
    const COLUMNS: &'static [&'static str];

    /// The row of a record, or what is wrong with its first bad field.
    fn of(fields: &Fields<'_>) -> Result<Self, Reason>;
}

/// Reads the file's rows. When `errors` grew, the result is empty: nothing of a file with a bad row is taken.
pub fn read<T: Row>(folder: &Path, errors: &mut Vec<ReadError>) -> Vec<Line<T>> {
    let found = errors.len();
    let mut rows = Vec::new();
    match csv::Reader::from_path(folder.join(T::FILE)) {
        Ok(reader) => rows_of(reader, &mut rows, errors),
        Err(error) => errors.push(whole_file::<T>(error.to_string())),
    }
    if errors.len() > found {
        rows.clear();
    }
    rows
}

fn rows_of<T: Row>(
    mut reader: csv::Reader<std::fs::File>,
    rows: &mut Vec<Line<T>>,
    errors: &mut Vec<ReadError>,
) {
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return errors.push(whole_file::<T>(error.to_string())),
    };
    let missing: Vec<_> = T::COLUMNS
        .iter()
        .filter(|wanted| !header.iter().any(|column| column == **wanted))
        .copied()
        .collect();
    if !missing.is_empty() {
        let reason = format!("the header lacks {}", missing.join(", "));
        return errors.push(ReadError {
            file: T::FILE,
            line: 1,
            reason,
        });
    }
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                errors.push(malformed::<T>(&error));
                match error.kind() {
                    csv::ErrorKind::Io(_) => return,
                    _ => continue,
                }
            }
        };
        let number = record.position().map_or(0, csv::Position::line);
        match T::of(&Fields::new(&header, &record)) {
            Ok(row) => rows.push(Line { number, row }),
            Err(reason) => errors.push(ReadError {
                file: T::FILE,
                line: number,
                reason,
            }),
        }
    }
}

fn malformed<T: Row>(error: &csv::Error) -> ReadError {
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("{len} fields where the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "not UTF-8".to_owned(),
        _ => error.to_string(),
    };
    ReadError {
        file: T::FILE,
        line: error.position().map_or(0, csv::Position::line),
        reason,
    }
}

fn whole_file<T: Row>(reason: String) -> ReadError {
    ReadError {
        file: T::FILE,
        line: 0,
        reason,
    }
}
