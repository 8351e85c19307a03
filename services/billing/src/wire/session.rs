use crate::Result;
use crate::domain::session::{Outcome, ServiceLine, Session, SessionState};
use crate::ops::list_sessions::SessionPage;
use crate::ops::record_session::RecordSession;
use crate::store::recorded_sessions::SessionFilter;
use crate::wire::line::{one_line, reference};
use ::rpc::{Invalid, parse, wire};
use ids::PracticeId;
use proto::billing::v1 as contract;

/// What is to be recorded. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn record_session(
    practice: PracticeId,
    session: Option<contract::Session>,
) -> Result<RecordSession> {
    let session = parse::required(session, "session")?;
    let outcome = outcome(session.outcome())?;
    let lines = (1..).zip(session.lines);
    Ok(RecordSession {
        practice,
        client: parse(&session.client_id, "session.client_id")?,
        clinician: parse(&session.clinician_id, "session.clinician_id")?,
        start_time: parse::time(session.start_time, "session.start_time")?,
        outcome,
        lines: lines
            .map(|(number, line)| service_line(number, line))
            .collect::<Result<_>>()?,
        diagnosis_codes: session.diagnosis_codes,
        place_of_service: session.place_of_service,
        external_reference: reference(session.external_reference, "session.external_reference")?,
    })
}

fn service_line(number: i32, line: contract::ServiceLine) -> Result<ServiceLine> {
    let field = |name: &str| format!("session.lines[{}].{name}", number - 1);
    Ok(ServiceLine {
        number,
        service_code: line.service_code,
        description: one_line(line.description, &field("description"))?,
        modifiers: line.modifiers,
        units: line.units,
        unit_price: parse::non_negative(line.unit_price, &field("unit_price"))?,
    })
}

fn outcome(outcome: contract::Outcome) -> Result<Outcome, Invalid> {
    match outcome {
        contract::Outcome::Unspecified => Err(Invalid::new("session.outcome", "must be chosen")),
        contract::Outcome::Completed => Ok(Outcome::Completed),
        contract::Outcome::NoShow => Ok(Outcome::NoShow),
        contract::Outcome::LateCancellation => Ok(Outcome::LateCancellation),
        contract::Outcome::CancelledByClient => Ok(Outcome::CancelledByClient),
        contract::Outcome::CancelledByPractice => Ok(Outcome::CancelledByPractice),
    }
}

const fn shown_outcome(outcome: Outcome) -> contract::Outcome {
    match outcome {
        Outcome::Completed => contract::Outcome::Completed,
        Outcome::NoShow => contract::Outcome::NoShow,
        Outcome::LateCancellation => contract::Outcome::LateCancellation,
        Outcome::CancelledByClient => contract::Outcome::CancelledByClient,
        Outcome::CancelledByPractice => contract::Outcome::CancelledByPractice,
    }
}

const fn shown_state(state: SessionState) -> contract::SessionState {
    match state {
        SessionState::Unbilled => contract::SessionState::Unbilled,
        SessionState::Billed => contract::SessionState::Billed,
        SessionState::NotBillable => contract::SessionState::NotBillable,
    }
}

/// A session with its lines.
#[must_use]
pub fn session(session: &Session) -> contract::Session {
    contract::Session {
        session_id: session.session.to_string(),
        client_id: session.client.to_string(),
        clinician_id: session.clinician.to_string(),
        start_time: Some(wire::time(session.start_time)),
        service_date: Some(wire::date(session.service_date)),
        outcome: shown_outcome(session.outcome).into(),
        lines: session.lines.iter().map(shown_line).collect(),
        diagnosis_codes: session.diagnosis_codes.clone(),
        place_of_service: session.place_of_service.clone(),
        external_reference: session.external_reference.clone().unwrap_or_default(),
        state: shown_state(session.state()).into(),
        bill_id: session
            .bill
            .map(|bill| bill.to_string())
            .unwrap_or_default(),
        total: Some(wire::money(session.total)),
        create_time: Some(wire::time(session.create_time)),
    }
}

fn shown_line(line: &ServiceLine) -> contract::ServiceLine {
    contract::ServiceLine {
        line_number: line.number,
        service_code: line.service_code.clone(),
        description: line.description.clone(),
        modifiers: line.modifiers.clone(),
        units: line.units,
        unit_price: Some(wire::money(line.unit_price)),
    }
}

/// What others are told of it: nothing of what was treated.
#[must_use]
pub fn session_recorded(session: &Session) -> contract::SessionRecorded {
    contract::SessionRecorded {
        session_id: session.session.to_string(),
        client_id: session.client.to_string(),
        service_date: Some(wire::date(session.service_date)),
        state: shown_state(session.state()).into(),
        total: Some(wire::money(session.total)),
    }
}

/// What a list of sessions is asked for. Errors: INVALID_FIELD.
pub fn session_filter(request: &contract::ListSessionsRequest) -> Result<SessionFilter> {
    let state = |state| match state {
        contract::SessionState::Unspecified => None,
        contract::SessionState::Unbilled => Some(SessionState::Unbilled),
        contract::SessionState::Billed => Some(SessionState::Billed),
        contract::SessionState::NotBillable => Some(SessionState::NotBillable),
    };
    let date = |date: Option<_>, field| date.map(|date| parse::date(Some(date), field)).transpose();
    let filter = SessionFilter {
        client: parse::optional(&request.client_id, "client_id")?,
        states: request.states().filter_map(state).collect(),
        from_date: date(request.from_date, "from_date")?,
        to_date: date(request.to_date, "to_date")?,
    };
    if let (Some(from), Some(to)) = (filter.from_date, filter.to_date)
        && to < from
    {
        return Err(Invalid::new("to_date", "must not be before from_date").into());
    }
    Ok(filter)
}

/// A page of sessions.
#[must_use]
pub fn session_page(page: SessionPage) -> contract::ListSessionsResponse {
    contract::ListSessionsResponse {
        sessions: page.sessions.items.iter().map(session).collect(),
        next_page_token: page.sessions.next_page_token,
        total_count: page.count,
        total_amount: Some(wire::money(page.total)),
    }
}
