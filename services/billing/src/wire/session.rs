use crate::Result;
use crate::domain::adjustment::Waiver;
use crate::domain::diagnosis::DiagnosisCode;
use crate::domain::place_of_service::place_of_service;
use crate::domain::session::{ChangeKind, Outcome, ServiceLine, Session, SessionState, Waived};
use crate::ops::correct_session::CorrectSession;
use crate::ops::list_sessions::SessionPage;
use crate::ops::session_content::{AskedLine, SessionContent};
use crate::store::session_changes::SessionChange;
use crate::store::session_lists::{Order, SessionFilter};
use crate::wire::adjustment::{adjustment_reason, shown_reason};
use crate::wire::line::{one_line, optional_line, reference};
use ::rpc::{Invalid, parse, wire};
use ids::{PracticeId, SessionId};
use proto::billing::v1 as contract;

/// What a session says. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn content(session: Option<contract::Session>) -> Result<SessionContent> {
    let session = parse::required(session, "session")?;
    let outcome = outcome(session.outcome())?;
    let lines = session.lines.into_iter().enumerate();
    let missed_fee = session.missed_fee;
    Ok(SessionContent {
        client: parse(&session.client_id, "session.client_id")?,
        clinician: parse(&session.clinician_id, "session.clinician_id")?,
        start_time: parse::time(session.start_time, "session.start_time")?,
        outcome,
        lines: lines
            .map(|(at, line)| service_line(at, line))
            .collect::<Result<_>>()?,
        diagnosis_codes: (0..)
            .zip(session.diagnosis_codes)
            .map(diagnosis_code)
            .collect::<Result<_, _>>()?,
        place_of_service: place(session.place_of_service, "session.place_of_service")?,
        external_reference: reference(session.external_reference, "session.external_reference")?,
        missed_fee: missed_fee
            .map(|fee| parse::non_negative(Some(fee), "session.missed_fee"))
            .transpose()?,
    })
}

/// What a session is to say from now on. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn correct_session(
    practice: PracticeId,
    asked: contract::CorrectSessionRequest,
) -> Result<CorrectSession> {
    Ok(CorrectSession {
        practice,
        session: parse(&asked.session_id, "session_id")?,
        revision: revision(&asked.etag)?,
        content: content(asked.session)?,
    })
}

/// What a waiver says. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn waive_session(asked: contract::WaiveSessionRequest) -> Result<(SessionId, Waiver)> {
    let waiver = Waiver {
        reason: adjustment_reason(asked.reason(), "reason")?,
        text: optional_line(asked.client_text, "client_text")?,
    };
    Ok((parse(&asked.session_id, "session_id")?, waiver))
}

/// The revision that an etag stands for; none for an empty one. Errors: INVALID_FIELD.
pub fn revision(etag: &str) -> Result<Option<i64>, Invalid> {
    if etag.is_empty() {
        return Ok(None);
    }
    etag.strip_prefix('r')
        .and_then(|number| number.parse().ok())
        .map(Some)
        .ok_or_else(|| Invalid::new("etag", "must be an etag of the session"))
}

fn etag(revision: i64) -> String {
    format!("r{revision}")
}

fn diagnosis_code((at, code): (usize, String)) -> Result<String, Invalid> {
    let code: DiagnosisCode = parse(&code, &format!("session.diagnosis_codes[{at}]"))?;
    Ok(code.into_text())
}

/// A place of the code set, or nothing. Errors: INVALID_FIELD.
pub fn place(code: String, field: &str) -> Result<String, Invalid> {
    if code.is_empty() || place_of_service(&code).is_some() {
        return Ok(code);
    }
    Err(Invalid::new(field, "must be a CMS place of service code"))
}

fn service_line(at: usize, line: contract::ServiceLine) -> Result<AskedLine> {
    let field = |name: &str| format!("session.lines[{at}].{name}");
    let price = line.unit_price;
    Ok(AskedLine {
        service_code: line.service_code,
        description: if line.description.is_empty() {
            line.description
        } else {
            one_line(line.description, &field("description"))?
        },
        modifiers: line.modifiers,
        units: line.units,
        unit_price: price
            .map(|price| parse::non_negative(Some(price), &field("unit_price")))
            .transpose()?,
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
        etag: etag(session.revision),
        missed_fee: session.missed_fee.map(wire::money),
        waiver: session.waived.as_ref().map(waiver),
    }
}

fn waiver(waived: &Waived) -> contract::SessionWaiver {
    contract::SessionWaiver {
        reason: shown_reason(waived.waiver.reason).into(),
        client_text: waived.waiver.text.clone(),
        waive_time: Some(wire::time(waived.time)),
        waived_by: waived.by.clone(),
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

/// What others are told of a correction.
#[must_use]
pub fn session_corrected(session: &Session, former: &Session) -> contract::SessionCorrected {
    contract::SessionCorrected {
        session_id: session.session.to_string(),
        client_id: session.client.to_string(),
        service_date: Some(wire::date(session.service_date)),
        state: shown_state(session.state()).into(),
        total: Some(wire::money(session.total)),
        former_total: Some(wire::money(former.total)),
    }
}

/// What others are told of a waiver.
#[must_use]
pub fn session_waived(session: &Session) -> contract::SessionWaived {
    contract::SessionWaived {
        session_id: session.session.to_string(),
        client_id: session.client.to_string(),
    }
}

/// What others are told of a waiver that was taken back.
#[must_use]
pub fn session_unwaived(session: &Session) -> contract::SessionUnwaived {
    contract::SessionUnwaived {
        session_id: session.session.to_string(),
        client_id: session.client.to_string(),
    }
}

/// A change, with the session before it; where that stood then is not kept.
#[must_use]
pub fn session_change(change: &SessionChange) -> contract::SessionChange {
    let kind = match change.kind {
        ChangeKind::Corrected => contract::SessionChangeKind::Corrected,
        ChangeKind::Waived => contract::SessionChangeKind::Waived,
        ChangeKind::Unwaived => contract::SessionChangeKind::Unwaived,
    };
    contract::SessionChange {
        kind: kind.into(),
        changed_by: change.changed_by.clone(),
        change_time: Some(wire::time(change.change_time)),
        former: Some(contract::Session {
            state: contract::SessionState::Unspecified.into(),
            ..session(&change.former)
        }),
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
        clinician: parse::optional(&request.clinician_id, "clinician_id")?,
        outcomes: request
            .outcomes()
            .filter_map(|asked| outcome(asked).ok())
            .collect(),
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

/// In which order. Errors: INVALID_FIELD.
pub fn order(order_by: &str) -> Result<Order, Invalid> {
    match order_by {
        "" | "service_date desc" => Ok(Order::Newest),
        "service_date" => Ok(Order::Oldest),
        "total desc" => Ok(Order::Dearest),
        "total" => Ok(Order::Cheapest),
        _other => Err(Invalid::new(
            "order_by",
            "must be one of the orders that there are",
        )),
    }
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
