//! What a session says: from what was asked to what is kept.

use crate::domain::session::{Outcome, ServiceLine, Session, total};
use crate::store::new_sessions::Known;
use crate::store::practices::Practice;
use crate::{Error, Missing, Result, store};
use ::rpc::Invalid;
use ids::{ClientId, ClinicianId, PracticeId, SessionId};
use jiff::Timestamp;
use sqlx::PgConnection;

/// In minor units. It keeps the sums over all sessions of a practice far within 64 bits.
const TOTAL_MAX_MINOR: i64 = 1_000_000_000_000;
/// Before this a date is a slip of the keyboard.
const FIRST_YEAR: i16 = 1900;

/// An appointment with its outcome, as the EHR tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionContent {
    /// Who was treated.
    pub client: ClientId,
    /// Who treated.
    pub clinician: ClinicianId,
    /// When it began.
    pub start_time: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// What was rendered, numbered from 1, in any currency yet.
    pub lines: Vec<ServiceLine>,
    /// In their printed form.
    pub diagnosis_codes: Vec<String>,
    /// CMS place of service; empty when unknown.
    pub place_of_service: String,
    /// The caller's own id for it.
    pub external_reference: Option<String>,
}

/// What the rules need to know of a practice, read once for many sessions.
#[derive(Clone, Debug)]
pub struct Surroundings {
    practice: Practice,
    known: Known,
}

impl Surroundings {
    /// Reads what these sessions need. Errors: PRACTICE_NOT_YET_KNOWN.
    pub async fn read(
        conn: &mut PgConnection,
        practice: PracticeId,
        asked: &[&SessionContent],
    ) -> Result<Self> {
        let clients: Vec<_> = asked.iter().map(|content| content.client).collect();
        let clinicians: Vec<_> = asked.iter().map(|content| content.clinician).collect();
        Ok(Self {
            practice: store::practices::get(conn, practice).await?,
            known: store::new_sessions::known(conn, practice, &clients, &clinicians).await?,
        })
    }

    /// The session that the content makes.
    ///
    /// Errors: CLIENT_NOT_FOUND, CLINICIAN_NOT_FOUND, CURRENCY_MISMATCH, INVALID_FIELD.
    pub fn session(
        &self,
        (id, now): (SessionId, Timestamp),
        content: SessionContent,
    ) -> Result<Session> {
        if !self.known.clients.contains(&content.client) {
            return Err(Error::Missing(Missing::Client(content.client)));
        }
        if !self.known.clinicians.contains(&content.clinician) {
            return Err(Error::Missing(Missing::Clinician(content.clinician)));
        }
        for (at, line) in content.lines.iter().enumerate() {
            self.practice
                .in_currency(line.unit_price, &format!("session.lines[{at}].unit_price"))?;
        }
        let too_much = || {
            Invalid::new(
                "session.lines",
                format!("must not sum up to more than {TOTAL_MAX_MINOR} minor units"),
            )
        };
        let total = total(self.practice.currency, &content.lines)
            .ok()
            .filter(|total| total.minor() <= TOTAL_MAX_MINOR)
            .ok_or_else(too_much)?;
        let service_date = self.practice.local_date(content.start_time)?;
        if service_date.year() < FIRST_YEAR {
            let must = format!("must be in {FIRST_YEAR} or later");
            return Err(Invalid::new("session.start_time", must).into());
        }
        Ok(Session {
            session: id,
            client: content.client,
            clinician: content.clinician,
            start_time: content.start_time,
            service_date,
            outcome: content.outcome,
            lines: content.lines,
            diagnosis_codes: content.diagnosis_codes,
            place_of_service: content.place_of_service,
            external_reference: content.external_reference,
            total,
            bill: None,
            create_time: now,
            revision: 1,
        })
    }
}
