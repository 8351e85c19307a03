//! What a person sees of an import.

use super::expect::Expected;
use super::files::Kind;
use ::rpc::parse;
use money::Money;
use proto::billing::v1::{ImportError, ImportFile, ImportFileKind};

const HEAD: [&str; 5] = ["FILE", "ROWS", "AMOUNT", "EXPECTED ROWS", "EXPECTED AMOUNT"];

/// A line for each file, and beside it what was expected, when something was.
pub fn totals(files: &[ImportFile], expected: &[Expected]) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(files.iter().map(|file| {
        let kind = Kind::of(file.kind());
        let awaited = expected.iter().find(|one| Some(one.kind) == kind);
        let amount = parse::amount(file.amount.clone(), "amount").ok();
        [
            name(file.kind()),
            file.row_count.to_string(),
            amount.map_or_else(String::new, |amount: Money| amount.to_string()),
            awaited.map_or_else(String::new, |one| one.row_count.to_string()),
            awaited.and_then(|one| one.sum.clone()).unwrap_or_default(),
        ]
    }));
    let shown = if expected.is_empty() { 3 } else { HEAD.len() };
    let mut widths = [0; HEAD.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; HEAD.len()]| {
        let cells = row.iter().zip(widths).enumerate().take(shown);
        let padded: Vec<_> = cells
            .map(|(at, (cell, width))| match at {
                0 => format!("{cell:width$}"),
                _number => format!("{cell:>width$}"),
            })
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// `clients.csv:3: birth_date must be a day`, and how many more there are than are kept.
pub fn errors(errors: &[ImportError], count: i32) -> String {
    let mut lines: Vec<String> = errors
        .iter()
        .map(|error| {
            let line = match error.line {
                0 => String::new(),
                line => format!(":{line}"),
            };
            let column = match error.column.as_str() {
                "" => String::new(),
                column => format!(" {column}"),
            };
            format!("{}{line}:{column} {}", name(error.kind()), error.reason)
        })
        .collect();
    let more = usize::try_from(count)
        .unwrap_or(0)
        .saturating_sub(errors.len());
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

fn name(kind: ImportFileKind) -> String {
    let kind = Kind::of(kind).map_or("a file that this version does not know", Kind::name);
    format!("{kind}.csv")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(kind: ImportFileKind, row_count: i32, minor_units: Option<i64>) -> ImportFile {
        ImportFile {
            kind: kind.into(),
            row_count,
            amount: minor_units.map(|minor_units| proto::money::v1::Money {
                currency_code: "USD".to_owned(),
                minor_units,
            }),
            ..ImportFile::default()
        }
    }

    #[test]
    fn figures_stand_below_each_other() {
        let files = [
            file(ImportFileKind::Clients, 212, None),
            file(ImportFileKind::OpeningBalances, 37, Some(481_250)),
        ];
        assert_eq!(
            totals(&files, &[]),
            "FILE                  ROWS     AMOUNT\n\
             clients.csv            212\n\
             opening_balances.csv    37  $4,812.50"
        );
        let expected = ["opening_balances=38:4812.50".parse().expect("rows")];
        assert!(
            totals(&files, &expected).ends_with("37  $4,812.50             38          4812.50")
        );
    }

    #[test]
    fn an_error_says_file_line_and_column() {
        let error = |line, column: &str| ImportError {
            kind: ImportFileKind::Credits.into(),
            line,
            column: column.to_owned(),
            reason: "must be there".to_owned(),
        };
        assert_eq!(
            errors(&[error(3, "amount"), error(4, ""), error(0, "date")], 5),
            "credits.csv:3: amount must be there\n\
             credits.csv:4: must be there\n\
             credits.csv: date must be there\n\
             and 2 more"
        );
    }
}
