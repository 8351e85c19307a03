use crate::Result;
use crate::domain::import::{FileKind, Import, ImportFile, ImportState, Mistake};
use crate::ops::commit_import::Expected;
use crate::ops::list_import_errors::MistakePage;
use crate::ops::upload_import_file::Part;
use ::rpc::{Invalid, parse, wire};
use pg::Page;
use proto::billing::v1 as contract;
use proto::google::api::HttpBody;
use std::fmt::Write as _;

/// Of one request's content. It leaves room for the rest of a request of one mebibyte.
const PART_BYTES_MAX: usize = 1_000_000;

/// A file or a part of one. Card numbers in it are masked here: nothing behind this knows them. Errors: INVALID_FIELD.
pub fn part(
    kind: contract::ImportFileKind,
    number: i32,
    content: Option<HttpBody>,
) -> Result<Part, Invalid> {
    let content = parse::required(content, "content")?;
    if content.data.len() > PART_BYTES_MAX {
        let must = format!("must have at most {PART_BYTES_MAX} bytes; cut the file into parts");
        return Err(Invalid::new("content", must));
    }
    let text = std::str::from_utf8(&content.data).map_err(|error| {
        let sound = content.data.get(..error.valid_up_to()).unwrap_or_default();
        let line = sound.iter().filter(|byte| **byte == b'\n').count() + 1;
        let must =
            format!("must be UTF-8, which line {line} of it is not; save it as CSV in UTF-8");
        Invalid::new("content", must)
    })?;
    Ok(Part {
        file: file_kind(kind, "kind")?,
        number: number.max(1),
        content: telemetry::redacted(text).into_owned(),
    })
}

fn file_kind(kind: contract::ImportFileKind, field: &str) -> Result<FileKind, Invalid> {
    match kind {
        contract::ImportFileKind::Unspecified => Err(Invalid::new(field, "must be chosen")),
        contract::ImportFileKind::Clients => Ok(FileKind::Clients),
        contract::ImportFileKind::Contacts => Ok(FileKind::Contacts),
        contract::ImportFileKind::OpeningBalances => Ok(FileKind::OpeningBalances),
        contract::ImportFileKind::Credits => Ok(FileKind::Credits),
        contract::ImportFileKind::OpenBills => Ok(FileKind::OpenBills),
        contract::ImportFileKind::Sessions => Ok(FileKind::Sessions),
    }
}

const fn shown_kind(kind: FileKind) -> contract::ImportFileKind {
    match kind {
        FileKind::Clients => contract::ImportFileKind::Clients,
        FileKind::Contacts => contract::ImportFileKind::Contacts,
        FileKind::OpeningBalances => contract::ImportFileKind::OpeningBalances,
        FileKind::Credits => contract::ImportFileKind::Credits,
        FileKind::OpenBills => contract::ImportFileKind::OpenBills,
        FileKind::Sessions => contract::ImportFileKind::Sessions,
    }
}

/// What files have to have. Errors: INVALID_FIELD.
pub fn expected(said: Vec<contract::ExpectedTotals>) -> Result<Vec<Expected>> {
    let said = said.into_iter().enumerate();
    said.map(|(at, said)| {
        let field = |name: &str| format!("expected[{at}].{name}");
        let kind = said.kind();
        let amount = said
            .amount
            .map(|amount| parse::non_negative(Some(amount), &field("amount")));
        Ok(Expected {
            file: file_kind(kind, &field("kind"))?,
            rows: said.row_count,
            amount: amount.transpose()?,
        })
    })
    .collect()
}

/// An import with its files and first errors.
#[must_use]
pub fn import(import: &Import) -> contract::Import {
    contract::Import {
        import_id: import.import.to_string(),
        state: state(import.state).into(),
        files: import.files.iter().map(file).collect(),
        error_count: import.mistake_count,
        errors: import.mistakes.iter().map(error).collect(),
        create_time: Some(wire::time(import.create_time)),
        prepare_time: import.prepare_time.map(wire::time),
        commit_time: import.commit_time.map(wire::time),
        undo_time: import.undo_time.map(wire::time),
    }
}

const fn state(state: ImportState) -> contract::ImportState {
    match state {
        ImportState::Open => contract::ImportState::Open,
        ImportState::Prepared => contract::ImportState::Prepared,
        ImportState::Committed => contract::ImportState::Committed,
        ImportState::Undone => contract::ImportState::Undone,
    }
}

fn file(file: &ImportFile) -> contract::ImportFile {
    let of_people = matches!(file.kind, FileKind::Clients | FileKind::Contacts);
    contract::ImportFile {
        kind: shown_kind(file.kind).into(),
        part_count: file.part_count,
        byte_count: file.byte_count,
        sha256: file.read.map(|read| hex(&read.sha256)).unwrap_or_default(),
        row_count: file.read.map_or(0, |read| read.rows),
        amount: file
            .read
            .filter(|_| !of_people)
            .map(|read| wire::money(read.amount)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn error(mistake: &Mistake) -> contract::ImportError {
    contract::ImportError {
        kind: shown_kind(mistake.file).into(),
        line: mistake.line,
        column: mistake.column.clone(),
        reason: mistake.reason.clone(),
    }
}

/// A page of imports.
#[must_use]
pub fn import_page(page: Page<Import>) -> contract::ListImportsResponse {
    contract::ListImportsResponse {
        imports: page.items.iter().map(import).collect(),
        next_page_token: page.next_page_token,
    }
}

/// A page of errors.
#[must_use]
pub fn error_page(page: MistakePage) -> contract::ListImportErrorsResponse {
    let errors = page.mistakes.items.iter();
    contract::ListImportErrorsResponse {
        errors: errors.map(|(_, mistake)| error(mistake)).collect(),
        next_page_token: page.mistakes.next_page_token,
        total_count: page.count,
    }
}
