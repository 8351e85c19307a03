//! The rows of each file but claims_transactions.csv, with the columns that billing needs.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::field::{Fields, Reason};
use super::file::Row;

/// A person treated.
#[derive(Debug, Clone)]
pub struct Patient {
    /// Id.
    pub id: Uuid,
    /// Day of birth.
    pub birthdate: Date,
    /// None for the living.
    pub deathdate: Option<Date>,
    /// Given name, without its number.
    pub first: String,
    /// Family name, without its number.
    pub last: String,
    /// Street and number.
    pub address: String,
    /// City or town.
    pub city: String,
    /// Spelled out: `Massachusetts`.
    pub state: String,
    /// Empty for 12 of the 27.
    pub zip: String,
}

impl Row for Patient {
    const FILE: &'static str = "patients.csv";
    const COLUMNS: &'static [&'static str] = &[
        "Id",
        "BIRTHDATE",
        "DEATHDATE",
        "FIRST",
        "LAST",
        "ADDRESS",
        "CITY",
        "STATE",
        "ZIP",
    ];

    fn of(fields: &Fields<'_>) -> Result<Self, Reason> {
        Ok(Self {
            id: fields.id("Id")?,
            birthdate: fields.value("BIRTHDATE")?,
            deathdate: fields.value_or_none("DEATHDATE")?,
            first: fields.name("FIRST")?,
            last: fields.name("LAST")?,
            address: fields.text("ADDRESS").to_owned(),
            city: fields.text("CITY").to_owned(),
            state: fields.text("STATE").to_owned(),
            zip: fields.text("ZIP").to_owned(),
        })
    }
}

/// A clinician.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Id.
    pub id: Uuid,
    /// Without its numbers.
    pub name: String,
    /// In capitals: `CLINICAL SOCIAL WORKER`.
    pub speciality: String,
}

impl Row for Provider {
    const FILE: &'static str = "providers.csv";
    const COLUMNS: &'static [&'static str] = &["Id", "NAME", "SPECIALITY"];

    fn of(fields: &Fields<'_>) -> Result<Self, Reason> {
        Ok(Self {
            id: fields.id("Id")?,
            name: fields.name("NAME")?,
            speciality: fields.text("SPECIALITY").to_owned(),
        })
    }
}

/// An insurer. The row named `NO_INSURANCE` stands for none.
#[derive(Debug, Clone)]
pub struct Payer {
    /// Id.
    pub id: Uuid,
    /// As the insurer is called.
    pub name: String,
}

impl Row for Payer {
    const FILE: &'static str = "payers.csv";
    const COLUMNS: &'static [&'static str] = &["Id", "NAME"];

    fn of(fields: &Fields<'_>) -> Result<Self, Reason> {
        Ok(Self {
            id: fields.id("Id")?,
            name: fields.name("NAME")?,
        })
    }
}

/// Who insured a patient in a term. The generator calls its instants years.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// Who is insured.
    pub patient: Uuid,
    /// Empty for `NO_INSURANCE`.
    pub memberid: String,
    /// First instant of the term.
    pub start_year: Timestamp,
    /// Last instant of the term.
    pub end_year: Timestamp,
    /// With whom.
    pub payer: Uuid,
    /// Who pays after that one.
    pub secondary_payer: Option<Uuid>,
}

impl Coverage {
    /// Whether the term contains the instant, its ends included.
    pub fn covers(&self, instant: Timestamp) -> bool {
        self.start_year <= instant && instant <= self.end_year
    }
}

impl Row for Coverage {
    const FILE: &'static str = "payer_transitions.csv";
    const COLUMNS: &'static [&'static str] = &[
        "PATIENT",
        "MEMBERID",
        "START_YEAR",
        "END_YEAR",
        "PAYER",
        "SECONDARY_PAYER",
    ];

    fn of(fields: &Fields<'_>) -> Result<Self, Reason> {
        Ok(Self {
            patient: fields.id("PATIENT")?,
            memberid: fields.text("MEMBERID").to_owned(),
            start_year: fields.time("START_YEAR")?,
            end_year: fields.time("END_YEAR")?,
            payer: fields.id("PAYER")?,
            secondary_payer: fields.payer_or_none("SECONDARY_PAYER")?,
        })
    }
}

/// Where care took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncounterClass {
    /// Office.
    Ambulatory,
    /// Emergency room.
    Emergency,
    /// Hospital, overnight.
    Inpatient,
    /// Hospital, same day.
    Outpatient,
    /// Urgent care.
    UrgentCare,
    /// Office, preventive.
    Wellness,
}

/// An appointment.
#[derive(Debug, Clone)]
pub struct Encounter {
    /// Id.
    pub id: Uuid,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub stop: Timestamp,
    /// Who was treated.
    pub patient: Uuid,
    /// Where.
    pub encounterclass: EncounterClass,
}

impl Row for Encounter {
    const FILE: &'static str = "encounters.csv";
    const COLUMNS: &'static [&'static str] = &["Id", "START", "STOP", "PATIENT", "ENCOUNTERCLASS"];

    fn of(fields: &Fields<'_>) -> Result<Self, Reason> {
        Ok(Self {
            id: fields.id("Id")?,
            start: fields.time("START")?,
            stop: fields.time("STOP")?,
            patient: fields.id("PATIENT")?,
            encounterclass: fields.word(
                "ENCOUNTERCLASS",
                &[
                    ("ambulatory", EncounterClass::Ambulatory),
                    ("emergency", EncounterClass::Emergency),
                    ("inpatient", EncounterClass::Inpatient),
                    ("outpatient", EncounterClass::Outpatient),
                    ("urgentcare", EncounterClass::UrgentCare),
                    ("wellness", EncounterClass::Wellness),
                ],
            )?,
        })
    }
}

/// What was claimed for an appointment or a prescription.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Id.
    pub id: Uuid,
    /// Who was treated.
    pub patientid: Uuid,
    /// Who treated.
    pub providerid: Uuid,
    /// None: not insured.
    pub primarypatientinsuranceid: Option<Uuid>,
    /// Only beside a primary one.
    pub secondarypatientinsuranceid: Option<Uuid>,
    /// The encounter.
    pub appointmentid: Uuid,
    /// When.
    pub servicedate: Timestamp,
    /// The codes in order; at least one in these files.
    pub diagnoses: Vec<String>,
}

const DIAGNOSES: [&str; 8] = [
    "DIAGNOSIS1",
    "DIAGNOSIS2",
    "DIAGNOSIS3",
    "DIAGNOSIS4",
    "DIAGNOSIS5",
    "DIAGNOSIS6",
    "DIAGNOSIS7",
    "DIAGNOSIS8",
];

impl Row for Claim {
    const FILE: &'static str = "claims.csv";
    const COLUMNS: &'static [&'static str] = &[
        "Id",
        "PATIENTID",
        "PROVIDERID",
        "PRIMARYPATIENTINSURANCEID",
        "SECONDARYPATIENTINSURANCEID",
        "APPOINTMENTID",
        "SERVICEDATE",
        "DIAGNOSIS1",
        "DIAGNOSIS2",
        "DIAGNOSIS3",
        "DIAGNOSIS4",
        "DIAGNOSIS5",
        "DIAGNOSIS6",
        "DIAGNOSIS7",
        "DIAGNOSIS8",
    ];

    fn of(fields: &Fields<'_>) -> Result<Self, Reason> {
        Ok(Self {
            id: fields.id("Id")?,
            patientid: fields.id("PATIENTID")?,
            providerid: fields.id("PROVIDERID")?,
            primarypatientinsuranceid: fields.payer_or_none("PRIMARYPATIENTINSURANCEID")?,
            secondarypatientinsuranceid: fields.payer_or_none("SECONDARYPATIENTINSURANCEID")?,
            appointmentid: fields.id("APPOINTMENTID")?,
            servicedate: fields.time("SERVICEDATE")?,
            diagnoses: DIAGNOSES
                .iter()
                .map(|column| fields.text(column).to_owned())
                .filter(|code| !code.is_empty())
                .collect(),
        })
    }
}
