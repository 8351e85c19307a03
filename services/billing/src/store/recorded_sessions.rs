//! Sessions as they are read. Whether one is billed stands in `billed_lines`: it is on the live bill that took its
//! lines.

use super::currency;
use super::sessions::waiver;
use crate::domain::session::{Outcome, ServiceLine, Session, SessionState, Waived};
use crate::{Error, Missing, Result};
use ids::{BillId, ClientId, ClinicianId, PracticeId, SessionId};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::{Currency, Money};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// A row of `billing.sessions` with its live bill.
struct Row {
    session_id: SessionId,
    client_id: ClientId,
    clinician_id: ClinicianId,
    start_time: jiff_sqlx::Timestamp,
    service_date: jiff_sqlx::Date,
    outcome: String,
    diagnosis_codes: Vec<String>,
    place_of_service: String,
    external_reference: Option<String>,
    currency: String,
    total_minor: i64,
    bill_id: Option<BillId>,
    create_time: jiff_sqlx::Timestamp,
    revision: i64,
    missed_fee_minor: Option<i64>,
    waive_reason: Option<String>,
    waive_text: Option<String>,
    waive_time: Option<jiff_sqlx::Timestamp>,
    waived_by: Option<String>,
}

impl Row {
    fn into_session(self) -> Result<Session> {
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

/// What a list of sessions is asked for.
#[derive(Clone, Debug, Default)]
pub struct SessionFilter {
    /// Only this client's.
    pub client: Option<ClientId>,
    /// Only in these; all when there are none.
    pub states: Vec<SessionState>,
    /// Only from this service date.
    pub from_date: Option<Date>,
    /// Only up to this service date.
    pub to_date: Option<Date>,
}

impl SessionFilter {
    fn wants(&self, state: SessionState) -> bool {
        self.states.is_empty() || self.states.contains(&state)
    }
}

/// Where a session stands in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position(pub Date, pub SessionId);

/// At most `limit` sessions with their lines, newest service date first, from after a position.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    filter: &SessionFilter,
    (after, limit): (Option<Position>, i64),
) -> Result<Vec<Session>> {
    let rows = sqlx::query_as!(
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
        where session.practice_id = $1
            and ($2::uuid is null or session.client_id = $2)
            and ($3::date is null or session.service_date >= $3)
            and ($4::date is null or session.service_date <= $4)
            and (
                ($5::boolean and session.billable and billed.bill_id is null)
                or ($6::boolean and billed.bill_id is not null)
                or ($7::boolean and not session.billable and billed.bill_id is null)
            )
            and ($8::date is null or (session.service_date, session.session_id) < ($8, $9::uuid))
        order by session.service_date desc, session.session_id desc
        limit $10
        "#,
        practice.uuid(),
        filter.client.map(ClientId::uuid),
        filter.from_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.to_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.wants(SessionState::Unbilled),
        filter.wants(SessionState::Billed),
        filter.wants(SessionState::NotBillable),
        after.map(|Position(date, _)| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        after.map(|Position(_, session)| session.uuid()),
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut sessions = rows
        .into_iter()
        .map(Row::into_session)
        .collect::<Result<Vec<_>>>()?;
    add_lines(conn, practice, &mut sessions).await?;
    Ok(sessions)
}

/// How many sessions a list has, and what they sum up to, on all its pages.
pub async fn totals(
    conn: &mut PgConnection,
    practice: PracticeId,
    filter: &SessionFilter,
    currency: Currency,
) -> Result<(i64, Money), sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            count(*) as "count!",
            coalesce(sum(session.total_minor), 0)::bigint as "total_minor!"
        from billing.sessions session
        left join billing.billed_lines billed
            on billed.practice_id = session.practice_id
            and billed.session_id = session.session_id
            and billed.line_number = 1
        where session.practice_id = $1
            and ($2::uuid is null or session.client_id = $2)
            and ($3::date is null or session.service_date >= $3)
            and ($4::date is null or session.service_date <= $4)
            and (
                ($5::boolean and session.billable and billed.bill_id is null)
                or ($6::boolean and billed.bill_id is not null)
                or ($7::boolean and not session.billable and billed.bill_id is null)
            )
        "#,
        practice.uuid(),
        filter.client.map(ClientId::uuid),
        filter.from_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.to_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        filter.wants(SessionState::Unbilled),
        filter.wants(SessionState::Billed),
        filter.wants(SessionState::NotBillable),
    )
    .fetch_one(conn)
    .await?;
    Ok((row.count, Money::from_minor(row.total_minor, currency)))
}

async fn add_lines(
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
