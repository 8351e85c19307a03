//! Sessions change as long as no live bill has them, under the lock of their row, which an issuing bill takes too.

use super::new_sessions::insert_lines;
use super::recorded_sessions;
use crate::domain::adjustment::{AdjustmentReason, Waiver};
use crate::domain::session::{ChangeKind, Outcome, ServiceLine, Session, Waived};
use crate::{Error, Missing, Result};
use ids::{ClinicianId, PracticeId, SessionId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;

/// How many changes a history tells.
const CHANGES_MAX: i64 = 200;

/// A change of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionChange {
    /// What was done.
    pub kind: ChangeKind,
    /// The caller's subject.
    pub changed_by: String,
    /// When.
    pub change_time: Timestamp,
    /// What it was before; without its bill.
    pub former: Session,
}

/// What a session said, as the history keeps it. The names are the columns'; a new one has a default.
#[derive(Debug, Serialize, Deserialize)]
struct Former {
    clinician_id: ClinicianId,
    start_time: Timestamp,
    service_date: Date,
    outcome: String,
    diagnosis_codes: Vec<String>,
    place_of_service: String,
    external_reference: Option<String>,
    total: Money,
    lines: Vec<FormerLine>,
    #[serde(default)]
    missed_fee: Option<Money>,
    #[serde(default)]
    waived: Option<FormerWaiver>,
}

#[derive(Debug, Serialize, Deserialize)]
struct FormerWaiver {
    reason: String,
    text: String,
    time: Timestamp,
    by: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct FormerLine {
    line_number: i32,
    service_code: String,
    description: String,
    modifiers: Vec<String>,
    units: i32,
    unit_price: Money,
}

impl Former {
    fn of(session: &Session) -> Self {
        let line = |line: &ServiceLine| FormerLine {
            line_number: line.number,
            service_code: line.service_code.clone(),
            description: line.description.clone(),
            modifiers: line.modifiers.clone(),
            units: line.units,
            unit_price: line.unit_price,
        };
        Self {
            clinician_id: session.clinician,
            start_time: session.start_time,
            service_date: session.service_date,
            outcome: session.outcome.name().to_owned(),
            diagnosis_codes: session.diagnosis_codes.clone(),
            place_of_service: session.place_of_service.clone(),
            external_reference: session.external_reference.clone(),
            total: session.total,
            lines: session.lines.iter().map(line).collect(),
            missed_fee: session.missed_fee,
            waived: session.waived.as_ref().map(|waived| FormerWaiver {
                reason: waived.waiver.reason.name().to_owned(),
                text: waived.waiver.text.clone(),
                time: waived.time,
                by: waived.by.clone(),
            }),
        }
    }

    fn into_session(self, now: &Session, revision: i64) -> Result<Session> {
        let line = |line: FormerLine| ServiceLine {
            number: line.line_number,
            service_code: line.service_code,
            description: line.description,
            modifiers: line.modifiers,
            units: line.units,
            unit_price: line.unit_price,
        };
        Ok(Session {
            session: now.session,
            client: now.client,
            clinician: self.clinician_id,
            start_time: self.start_time,
            service_date: self.service_date,
            outcome: Outcome::of(&self.outcome).ok_or(Error::Stored("a session's outcome"))?,
            lines: self.lines.into_iter().map(line).collect(),
            diagnosis_codes: self.diagnosis_codes,
            place_of_service: self.place_of_service,
            external_reference: self.external_reference,
            total: self.total,
            missed_fee: self.missed_fee,
            waived: self.waived.map(FormerWaiver::into_waived).transpose()?,
            bill: None,
            create_time: now.create_time,
            revision,
        })
    }
}

impl FormerWaiver {
    fn into_waived(self) -> Result<Waived> {
        let reason = AdjustmentReason::of(&self.reason);
        let reason = reason.ok_or(Error::Stored("a waiver's reason"))?;
        Ok(Waived {
            waiver: Waiver {
                reason,
                text: self.text,
            },
            time: self.time,
            by: self.by,
        })
    }
}

/// Locks a session and reads it. Errors: SESSION_NOT_FOUND.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    session: SessionId,
) -> Result<Session> {
    sqlx::query_scalar!(
        r#"
        select revision
        from billing.sessions
        where practice_id = $1 and session_id = $2
        for no key update
        "#,
        practice.uuid(),
        session.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::Missing(Missing::Session(session)))?;
    // A statement of its own: what a bill took, or another correction wrote, while this one waited is seen only by now.
    recorded_sessions::get(conn, practice, session).await
}

/// Writes what a session that is locked says from now on, with its lines.
pub async fn replace(
    conn: &mut PgConnection,
    practice: PracticeId,
    session: &Session,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update billing.sessions
        set
            clinician_id = $3,
            start_time = $4,
            service_date = $5,
            outcome = $6,
            diagnosis_codes = $7,
            place_of_service = $8,
            external_reference = $9,
            total_minor = $10,
            revision = $11,
            missed_fee_minor = $12
        where practice_id = $1 and session_id = $2
        "#,
        practice.uuid(),
        session.session.uuid(),
        session.clinician.uuid(),
        session.start_time.to_sqlx() as jiff_sqlx::Timestamp,
        session.service_date.to_sqlx() as jiff_sqlx::Date,
        session.outcome.name(),
        &session.diagnosis_codes,
        session.place_of_service,
        session.external_reference,
        session.total.minor(),
        session.revision,
        session.missed_fee.map(Money::minor),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        r#"
        delete from billing.session_lines
        where practice_id = $1 and session_id = $2
        "#,
        practice.uuid(),
        session.session.uuid(),
    )
    .execute(&mut *conn)
    .await?;
    insert_lines(conn, practice, session).await
}

/// Writes whether a session that is locked is waived from now on.
pub async fn update_waived(
    conn: &mut PgConnection,
    practice: PracticeId,
    session: &Session,
) -> Result<(), sqlx::Error> {
    let waived = session.waived.as_ref();
    sqlx::query!(
        r#"
        update billing.sessions
        set
            waive_reason = $3,
            waive_text = $4,
            waive_time = $5,
            waived_by = $6,
            revision = $7
        where practice_id = $1 and session_id = $2
        "#,
        practice.uuid(),
        session.session.uuid(),
        waived.map(|waived| waived.waiver.reason.name()),
        waived.map(|waived| waived.waiver.text.as_str()),
        waived.map(|waived| waived.time.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
        waived.map(|waived| waived.by.as_str()),
        session.revision,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a change into the history of a session: what was done, by whom, when, and the session before it.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    ((kind, changed_by), change_time): ((ChangeKind, &str), Timestamp),
    former: &Session,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.session_changes (
            practice_id, session_id, revision, kind, changed_by, change_time, former
        ) values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        practice.uuid(),
        former.session.uuid(),
        former.revision,
        kind.name(),
        changed_by,
        change_time.to_sqlx() as jiff_sqlx::Timestamp,
        Json(Former::of(former)) as Json<Former>,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What was changed in a session, newest first.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    session: &Session,
) -> Result<Vec<SessionChange>> {
    let rows = sqlx::query!(
        r#"
        select
            revision,
            kind,
            changed_by,
            change_time as "change_time: jiff_sqlx::Timestamp",
            former as "former: Json<Former>"
        from billing.session_changes
        where practice_id = $1 and session_id = $2
        order by revision desc
        limit $3
        "#,
        practice.uuid(),
        session.session.uuid(),
        CHANGES_MAX,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(SessionChange {
                kind: ChangeKind::of(&row.kind).ok_or(Error::Stored("a session's change"))?,
                changed_by: row.changed_by,
                change_time: row.change_time.to_jiff(),
                former: row.former.0.into_session(session, row.revision)?,
            })
        })
        .collect()
}
