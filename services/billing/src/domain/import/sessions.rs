use super::cells::{AMOUNT_MAX_MINOR, Cells};
use super::table::{Column, Row, Sheet, optional, read, required};
use super::{FileKind, Mistakes, Rules};
use crate::domain::diagnosis::{DiagnosisCode, DiagnosisError};
use crate::domain::place_of_service::place_of_service;
use crate::domain::session::{Outcome, ServiceLine};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use std::collections::HashMap;

/// As a session that is recorded singly.
const LINES_MAX: usize = 50;
const UNITS_MAX: i32 = 999;

pub(super) const SESSION_COLUMNS: &[Column] = &[
    required("session_id"),
    required("client_id"),
    optional("clinician_id"),
    optional("clinician_npi"),
    required("date"),
    required("time"),
    required("service_code"),
    optional("modifiers"),
    required("description"),
    optional("units"),
    required("unit_price"),
    required("outcome"),
    optional("diagnosis_codes"),
    optional("place_of_service"),
];

/// How a file names a clinician.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClinicianKey {
    /// By an id.
    Reference(String),
    /// By the National Provider Identifier.
    Npi(String),
}

impl ClinicianKey {
    /// The column it stands in.
    pub(super) const fn column(&self) -> &'static str {
        match self {
            Self::Reference(_) => "clinician_id",
            Self::Npi(_) => "clinician_npi",
        }
    }
}

/// What all rows of one session have to say alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The former system's id; the session's external reference here.
    pub reference: String,
    /// Whose: a client's id.
    pub client: String,
    /// Who treated.
    pub clinician: ClinicianKey,
    /// When it began.
    pub start_time: Timestamp,
    /// The local day of it.
    pub service_date: Date,
    /// What became of it.
    pub outcome: Outcome,
    /// ICD-10-CM or SNOMED CT, in their printed form.
    pub diagnosis_codes: Vec<String>,
    /// CMS place of service; empty when unknown.
    pub place_of_service: String,
}

/// One service of a session that is not billed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRow {
    /// What it has in common with the session's other rows.
    pub head: Head,
    /// The service; its number is 1 until the rows of the session are put together.
    pub service: ServiceLine,
    /// Unit price × units.
    pub amount: Money,
}

/// A session, its rows put together.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionToTake {
    /// The line of its first row.
    pub line: i32,
    /// What the rows have in common.
    pub head: Head,
    /// The services, numbered from 1 in the order of the rows.
    pub services: Vec<ServiceLine>,
}

pub(super) fn sessions(
    source: (FileKind, &[u8]),
    rules: &Rules,
    mistakes: &mut Mistakes,
) -> Sheet<SessionRow> {
    read(source, SESSION_COLUMNS, (rules, mistakes), |cells| {
        let reference = cells.reference("session_id");
        let client = cells.reference("client_id");
        let clinician = clinician(cells);
        let start = cells.instant("date", "time");
        let service = service(cells);
        let outcome = Outcome::of(cells.cell("outcome"));
        if outcome.is_none() {
            let names: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.name()).collect();
            cells.wrong("outcome", format!("must be one of {}", names.join(", ")));
        }
        let diagnosis_codes = cells.codes("diagnosis_codes", 12, diagnosis);
        let place_of_service = place(cells);
        let (service_date, start_time) = start?;
        let (service, amount) = service?;
        cells.sound(SessionRow {
            head: Head {
                reference: reference?,
                client: client?,
                clinician: clinician?,
                start_time,
                service_date,
                outcome: outcome?,
                diagnosis_codes: diagnosis_codes?,
                place_of_service: place_of_service?,
            },
            service,
            amount,
        })
    })
}

fn clinician(cells: &mut Cells<'_>) -> Option<ClinicianKey> {
    match (cells.cell("clinician_id"), cells.cell("clinician_npi")) {
        ("", "") => {
            cells.wrong("clinician_id", "or clinician_npi must be given");
            None
        }
        ("", npi) if is_made_of(npi, (10, 10), |byte| byte.is_ascii_digit()) => {
            Some(ClinicianKey::Npi(npi.to_owned()))
        }
        ("", _wrong) => {
            cells.wrong("clinician_npi", "must be 10 digits");
            None
        }
        (_reference, _npi) => cells.reference("clinician_id").map(ClinicianKey::Reference),
    }
}

fn service(cells: &mut Cells<'_>) -> Option<(ServiceLine, Money)> {
    let code = cells.cell("service_code");
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let begins = code.starts_with(|first: char| first.is_ascii_alphanumeric());
    let sound = begins && is_made_of(code, (1, 20), is_code);
    if !sound {
        let must =
            "must be up to 20 letters, digits, points and dashes, the first a letter or digit";
        cells.wrong("service_code", must);
    }
    let modifiers = cells.codes("modifiers", 4, modifier);
    let description = cells.text("description", 200);
    let units = cells.units("units", UNITS_MAX);
    let unit_price = if cells.cell("unit_price").is_empty() {
        cells.wrong("unit_price", "must be given");
        None
    } else {
        cells.amount_or_nothing("unit_price")
    };
    let service = ServiceLine {
        number: 1,
        service_code: code.to_owned(),
        description: description?,
        modifiers: modifiers?,
        units: units?,
        unit_price: unit_price?,
    };
    let amount = service.unit_price.times(i64::from(service.units));
    let Some(amount) = amount
        .ok()
        .filter(|amount| amount.minor() <= AMOUNT_MAX_MINOR)
    else {
        cells.wrong("unit_price", "times units is larger than any bill");
        return None;
    };
    sound.then_some((service, amount))
}

/// As it is printed.
fn diagnosis(code: &str) -> Result<String, String> {
    code.parse()
        .map(DiagnosisCode::into_text)
        .map_err(|error: DiagnosisError| format!("is wrong: {error}"))
}

fn modifier(code: &str) -> Result<String, String> {
    let of = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    if is_made_of(code, (2, 2), of) {
        return Ok(code.to_owned());
    }
    Err("must be two capitals or digits each, with spaces between them".to_owned())
}

fn place(cells: &mut Cells<'_>) -> Option<String> {
    let place = cells.cell("place_of_service");
    if place.is_empty() || place_of_service(place).is_some() {
        return Some(place.to_owned());
    }
    cells.wrong(
        "place_of_service",
        "must be a CMS place of service code such as 11",
    );
    None
}

fn is_made_of(text: &str, (min, max): (usize, usize), of: impl Fn(u8) -> bool) -> bool {
    (min..=max).contains(&text.len()) && text.bytes().all(of)
}

/// The sessions of the rows, in the order of their first rows. Rows of one session that disagree are mistakes, as is a
/// session with too many.
pub fn to_take(rows: &[Row<SessionRow>], mistakes: &mut Mistakes) -> Vec<SessionToTake> {
    let mut sessions: Vec<SessionToTake> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for row in rows {
        let place = (FileKind::Sessions, row.line);
        let head = &row.says.head;
        let known = places.get(head.reference.as_str()).copied();
        let Some(session) = known.and_then(|at| sessions.get_mut(at)) else {
            places.insert(&head.reference, sessions.len());
            sessions.push(SessionToTake {
                line: row.line,
                head: head.clone(),
                services: vec![row.says.service.clone()],
            });
            continue;
        };
        if session.head != *head {
            let reason = format!(
                "is that of line {}, which names another client, clinician, time, outcome, diagnosis or place",
                session.line
            );
            mistakes.add(place, "session_id", reason);
            continue;
        }
        let added = &row.says.service;
        let same = |service: &ServiceLine| {
            service.service_code == added.service_code && service.modifiers == added.modifiers
        };
        if session.services.iter().any(same) {
            let reason = "is in this session twice; say how often in units";
            mistakes.add(place, "service_code", reason);
            continue;
        }
        if session.services.len() == LINES_MAX {
            mistakes.add(
                place,
                "session_id",
                format!("has more than {LINES_MAX} rows"),
            );
            continue;
        }
        let number = i32::try_from(session.services.len()).unwrap_or(i32::MAX);
        session.services.push(ServiceLine {
            number: number.saturating_add(1),
            ..added.clone()
        });
    }
    sessions
}
