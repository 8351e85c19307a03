use crate::domain::session::{Outcome, ServiceLine, Session, total};
use crate::store::practices::Practice;
use crate::wire::event;
use crate::wire::session::session_recorded;
use crate::{Billing, Error, Missing, OUTBOX, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{ClientId, ClinicianId, PracticeId, SessionId};
use jiff::Timestamp;
use pg::{OnConstraint as _, RequestKey};

/// In minor units. It keeps the sums over all sessions of a practice far within 64 bits.
const TOTAL_MAX_MINOR: i64 = 1_000_000_000_000;
/// Before this a date is a slip of the keyboard.
const FIRST_YEAR: i16 = 1900;

/// An appointment with its outcome, as the EHR tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordSession {
    /// The practice.
    pub practice: PracticeId,
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
    /// ICD-10 or SNOMED.
    pub diagnosis_codes: Vec<String>,
    /// CMS place of service; empty when unknown.
    pub place_of_service: String,
    /// The caller's own id for it.
    pub external_reference: Option<String>,
}

/// Records a session, which is on the Pending list from then on when it is billable. Errors: as
/// SessionService.RecordSession says.
pub async fn record_session(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: RecordSession,
) -> Result<Session> {
    let practice_id = asked.practice;
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let id = SessionId::new(&billing.clock);
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return store::recorded_sessions::get(&mut tx, practice_id, first.into()).await;
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let (client, clinician) = (asked.client, asked.clinician);
    let known = store::new_sessions::known(&mut tx, practice_id, &[client], &[clinician]).await?;
    if !known.clients.contains(&client) {
        return Err(Error::Missing(Missing::Client(client)));
    }
    if !known.clinicians.contains(&clinician) {
        return Err(Error::Missing(Missing::Clinician(clinician)));
    }

    let session = session(&practice, (id, now), asked)?;
    store::new_sessions::insert(&mut tx, practice_id, std::slice::from_ref(&session))
        .await
        .on_constraint("sessions_external_reference_key", || {
            Error::ExternalReferenceTaken
        })?;
    let event = event::of(&billing.clock, &session_recorded(&session));
    OUTBOX.append(&mut tx, practice_id, now, &[event]).await?;
    tx.commit().await?;
    Ok(session)
}

/// Errors: CURRENCY_MISMATCH, INVALID_FIELD.
fn session(
    practice: &Practice,
    (id, now): (SessionId, Timestamp),
    asked: RecordSession,
) -> Result<Session> {
    for (at, line) in asked.lines.iter().enumerate() {
        practice.in_currency(line.unit_price, &format!("session.lines[{at}].unit_price"))?;
    }
    let too_much = || {
        Invalid::new(
            "session.lines",
            format!("must not sum up to more than {TOTAL_MAX_MINOR} minor units"),
        )
    };
    let total = total(practice.currency, &asked.lines)
        .ok()
        .filter(|total| total.minor() <= TOTAL_MAX_MINOR)
        .ok_or_else(too_much)?;
    let service_date = practice.local_date(asked.start_time)?;
    if service_date.year() < FIRST_YEAR {
        let must = format!("must be in {FIRST_YEAR} or later");
        return Err(Invalid::new("session.start_time", must).into());
    }
    Ok(Session {
        session: id,
        client: asked.client,
        clinician: asked.clinician,
        start_time: asked.start_time,
        service_date,
        outcome: asked.outcome,
        lines: asked.lines,
        diagnosis_codes: asked.diagnosis_codes,
        place_of_service: asked.place_of_service,
        external_reference: asked.external_reference,
        total,
        bill: None,
        create_time: now,
    })
}
