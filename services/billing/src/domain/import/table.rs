//! From bytes to rows: RFC 4180 with commas or semicolons, UTF-8 with or without its mark, any line ends.

use super::cells::Cells;
use super::{FileKind, Mistakes, Rules};
use csv::{ReaderBuilder, StringRecord};

/// A column of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// Whether the header has to have it. A cell of it may be empty all the same.
    pub(super) required: bool,
}

pub(super) const fn required(name: &'static str) -> Column {
    Column {
        name,
        required: true,
    }
}

pub(super) const fn optional(name: &'static str) -> Column {
    Column {
        name,
        required: false,
    }
}

/// A row that could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<T> {
    /// The line it begins on, from 1.
    pub line: i32,
    /// What it says.
    pub says: T,
}

/// A file as far as it could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet<T> {
    /// How many rows it has below the header, also those that could not be read.
    pub count: i32,
    /// The rows that could be read.
    pub rows: Vec<Row<T>>,
}

/// Reads the rows of a file by its columns. Every mistake is told; a row with one is left out.
pub(super) fn read<T>(
    (file, bytes): (FileKind, &[u8]),
    columns: &[Column],
    (rules, mistakes): (&Rules, &mut Mistakes),
    row: impl Fn(&mut Cells<'_>) -> Option<T>,
) -> Sheet<T> {
    let mut sheet = Sheet {
        count: 0,
        rows: Vec::new(),
    };
    let Some(text) = decoded((file, bytes), mistakes) else {
        return sheet;
    };
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let mut places: Option<Vec<Option<usize>>> = None;
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) => {
                mistakes.add((file, 0), "", "cannot be read as CSV");
                return sheet;
            }
        }
        let line = line(text, &record);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let Some(places) = &places else {
            places = header((file, line), &record, columns, mistakes);
            if places.is_none() {
                return sheet;
            }
            continue;
        };
        sheet.count = sheet.count.saturating_add(1);
        let mut cells = Cells::new((file, line), (columns, places), &record, (rules, mistakes));
        if let Some(says) = row(&mut cells) {
            sheet.rows.push(Row { line, says });
        }
    }
    if places.is_none() {
        mistakes.add((file, 0), "", "has no header");
    } else if sheet.count == 0 {
        mistakes.add((file, 0), "", "has no rows below its header");
    }
    sheet
}

fn decoded<'a>((file, bytes): (FileKind, &'a [u8]), mistakes: &mut Mistakes) -> Option<&'a str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let sound = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = lines(sound);
            mistakes.add(
                (file, line),
                "",
                "is not UTF-8; save the file as CSV in UTF-8",
            );
            None
        }
    }
}

/// The line that comes after this much of a file, from 1.
fn lines(before: &[u8]) -> i32 {
    let ends = before.iter().filter(|byte| **byte == b'\n').count();
    i32::try_from(ends).unwrap_or(i32::MAX).saturating_add(1)
}

/// The line a record begins on. The reader's position is where it looked for the record: empty lines may come first.
fn line(text: &str, record: &StringRecord) -> i32 {
    let Some(position) = record.position() else {
        return 0;
    };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let empty = text
        .as_bytes()
        .get(start..)
        .unwrap_or_default()
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .filter(|byte| **byte == b'\n')
        .count();
    let line = position
        .line()
        .saturating_add(u64::try_from(empty).unwrap_or(0));
    i32::try_from(line).unwrap_or(i32::MAX)
}

/// Comma or semicolon, whichever the header has more of outside of quotes.
fn delimiter(text: &str) -> u8 {
    let header = text.trim_start().lines().next().unwrap_or_default();
    let (mut commas, mut semicolons, mut quoted) = (0, 0, false);
    for byte in header.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => commas += 1,
            b';' if !quoted => semicolons += 1,
            _other => {}
        }
    }
    if semicolons > commas { b';' } else { b',' }
}

/// Where each column stands; none when the header is wrong, since then every row would be.
fn header(
    place: (FileKind, i32),
    record: &StringRecord,
    columns: &[Column],
    mistakes: &mut Mistakes,
) -> Option<Vec<Option<usize>>> {
    let before = mistakes.count();
    let names: Vec<&str> = record.iter().map(str::trim).collect();
    for (at, name) in names.iter().enumerate() {
        if !columns.iter().any(|column| column.name == *name) {
            let nth = at.saturating_add(1);
            let reason = format!("column {nth} of the header is not one of this file's");
            mistakes.add(place, "", reason);
        } else if names.iter().take(at).any(|other| other == name) {
            mistakes.add(place, *name, "stands in the header twice");
        }
    }
    for column in columns.iter().filter(|column| column.required) {
        if !names.contains(&column.name) {
            mistakes.add(place, column.name, "is missing in the header");
        }
    }
    let at = |column: &Column| names.iter().position(|name| *name == column.name);
    (mistakes.count() == before).then(|| columns.iter().map(at).collect())
}
