//! Sessions as they are read. Whether one is billed stands in `billed_lines`: it is on the live bill that took its
//! lines.

use super::currency;
use super::sessions::waiver;
use crate::domain::session::{Outcome, ServiceLine, Session, Waived};
use crate::{Error, Missing, Result};
use ids::{BillId, ClientId, ClinicianId, PracticeId, SessionId};
use money::Money;
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// A row of `billing.sessions` with its live bill.
pub(super) struct Row {
    pub session_id: SessionId,
    pub client_id: ClientId,
    pub clinician_id: ClinicianId,
    pub start_time: jiff_sqlx::Timestamp,
    pub service_date: jiff_sqlx::Date,
    pub outcome: String,
    pub diagnosis_codes: Vec<String>,
    pub place_of_service: String,
    pub external_reference: Option<String>,
    pub currency: String,
    pub total_minor: i64,
    pub bill_id: Option<BillId>,
    pub create_time: jiff_sqlx::Timestamp,
    pub revision: i64,
    pub missed_fee_minor: Option<i64>,
    pub waive_reason: Option<String>,
    pub waive_text: Option<String>,
    pub waive_time: Option<jiff_sqlx::Timestamp>,
    pub waived_by: Option<String>,
}

impl Row {
    pub(super) fn into_session(self) -> Result<Session> {
        let currency = currency(&self.currency)?;
        let waived = match (waiver(self.waive_reason, self.waive_text)?, self.waive_time) {
            (Some(waiver), Some(time)) => Some(Waived {
                waiver,
                time: time.to_jiff(),
                by: self.waived_by.unwrap_or_default(),
            }),
            (None, None) => None,
            _half => return Err(Error::Stored("half a waiver")),
        };
        Ok(Session {
            session: self.session_id,
            client: self.client_id,
            clinician: self.clinician_id,
            start_time: self.start_time.to_jiff(),
            service_date: self.service_date.to_jiff(),
            outcome: Outcome::of(&self.outcome).ok_or(Error::Stored("a session's outcome"))?,
            lines: Vec::new(),
            diagnosis_codes: self.diagnosis_codes,
            place_of_service: self.place_of_service,
            external_reference: self.external_reference,
            total: Money::from_minor(self.total_minor, currency),
            missed_fee: self
                .missed_fee_minor
                .map(|minor| Money::from_minor(minor, currency)),
            waived,
            bill: self.bill_id,
            create_time: self.create_time.to_jiff(),
            revision: self.revision,
        })
    }
}

/// A session with its lines. Errors: SESSION_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    session: SessionId,
) -> Result<Session> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select
            session.session_id as "session_id: SessionId",
            session.client_id as "client_id: ClientId",
            session.clinician_id as "clinician_id: ClinicianId",
            session.start_time as "start_time: jiff_sqlx::Timestamp",
            session.service_date as "service_date: jiff_sqlx::Date",
            session.outcome,
            session.diagnosis_codes,
            session.place_of_service,
            session.external_reference,
            session.currency,
            session.total_minor,
            billed.bill_id as "bill_id?: BillId",
            session.create_time as "create_time: jiff_sqlx::Timestamp",
            session.revision,
            session.missed_fee_minor,
            session.waive_reason,
            session.waive_text,
            session.waive_time as "waive_time: jiff_sqlx::Timestamp",
            session.waived_by
        from billing.sessions session
        left join billing.billed_lines billed
            on billed.practice_id = session.practice_id
            and billed.session_id = session.session_id
            and billed.line_number = 1
        where session.practice_id = $1 and session.session_id = $2
        "#,
        practice.uuid(),
        session.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::Missing(Missing::Session(session)))?;
    let mut sessions = vec![row.into_session()?];
    add_lines(conn, practice, &mut sessions).await?;
    sessions
        .pop()
        .ok_or(Error::Missing(Missing::Session(session)))
}

/// Reads the lines of sessions that have none yet.
pub(super) async fn add_lines(
    conn: &mut PgConnection,
    practice: PracticeId,
    sessions: &mut [Session],
) -> Result<()> {
    let ids: Vec<Uuid> = sessions
        .iter()
        .map(|session| session.session.uuid())
        .collect();
    let rows = sqlx::query!(
        r#"
        select
            session_id as "session_id: SessionId",
            line_number,
            service_code,
            description,
            modifiers,
            units,
            unit_price_minor
        from billing.session_lines
        where practice_id = $1 and session_id = any($2)
        order by session_id, line_number
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let mut places: HashMap<SessionId, &mut Session> = sessions
        .iter_mut()
        .map(|session| (session.session, session))
        .collect();
    for row in rows {
        let Some(session) = places.get_mut(&row.session_id) else {
            continue;
        };
        let currency = session.total.currency();
        session.lines.push(ServiceLine {
            number: row.line_number,
            service_code: row.service_code,
            description: row.description,
            modifiers: row.modifiers,
            units: row.units,
            unit_price: Money::from_minor(row.unit_price_minor, currency),
        });
    }
    Ok(())
}
