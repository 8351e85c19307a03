use crate::Result;
use crate::domain::automation::SkipReason;
use crate::ops::bill_pending_sessions::PendingSessions;
use crate::ops::preview_automation::{Preview, PreviewOf, PreviewedClient};
use crate::store::automation_runs::{Run, RunKey, SkipCount};
use crate::store::automation_sessions::Pending;
use crate::store::automation_skips::Skip;
use crate::wire::bill::optional_date;
use ::rpc::{Invalid, parse, wire};
use money::{Currency, Money};
use pg::Page;
use proto::billing::v1 as contract;

/// A page of runs.
#[must_use]
pub fn run_page(page: Page<Run>) -> contract::ListAutomationRunsResponse {
    contract::ListAutomationRunsResponse {
        runs: page.items.iter().map(run).collect(),
        next_page_token: page.next_page_token,
    }
}

/// A run.
#[must_use]
pub fn run(run: &Run) -> contract::AutomationRun {
    let mut shown = contract::AutomationRun {
        run_date: Some(wire::date(run.run_date)),
        start_time: Some(wire::time(run.start_time)),
        end_time: run.end_time.map(wire::time),
        bill_count: run.bills,
        session_count: run.sessions,
        total: Some(wire::money(run.total)),
        skip_count: run.skips,
        kind: contract::AutomationRunKind::Night.into(),
        skip_counts: run.skip_counts.iter().map(skip_count).collect(),
        ..contract::AutomationRun::default()
    };
    if let Some(by_hand) = &run.by_hand {
        shown.kind = contract::AutomationRunKind::ByHand.into();
        shown.run_id = by_hand.run.to_string();
        shown.asked_by.clone_from(&by_hand.asked_by);
        shown.through_date = Some(wire::date(by_hand.through));
        shown.client_ids = by_hand.clients.iter().map(ToString::to_string).collect();
    }
    shown
}

fn skip_count(count: &SkipCount) -> contract::AutomationSkipCount {
    contract::AutomationSkipCount {
        reason: reason(count.reason).into(),
        session_count: count.sessions,
        new_count: count.new,
    }
}

const fn reason(reason: SkipReason) -> contract::AutomationSkipReason {
    match reason {
        SkipReason::ByHand => contract::AutomationSkipReason::ByHand,
        SkipReason::NotToday => contract::AutomationSkipReason::NotToday,
        SkipReason::BeforeStart => contract::AutomationSkipReason::BeforeStart,
        SkipReason::Failed => contract::AutomationSkipReason::Failed,
    }
}

/// Whose skips are asked for. Errors: INVALID_FIELD.
pub fn run_key(request: &contract::ListAutomationSkipsRequest) -> Result<RunKey, Invalid> {
    let by_hand = parse::optional(&request.run_id, "run_id")?;
    match (optional_date(request.run_date, "run_date")?, by_hand) {
        (Some(date), None) => Ok(RunKey::Night(date)),
        (None, Some(run)) => Ok(RunKey::ByHand(run)),
        (None, None) => Err(Invalid::new("run_date", "must be given, or run_id")),
        (Some(_), Some(_)) => Err(Invalid::new("run_id", "must be left out with run_date")),
    }
}

/// A page of what a run left out.
#[must_use]
pub fn skip_page(page: Page<Skip>) -> contract::ListAutomationSkipsResponse {
    contract::ListAutomationSkipsResponse {
        skips: page.items.iter().map(skip).collect(),
        next_page_token: page.next_page_token,
    }
}

fn skip(skip: &Skip) -> contract::AutomationSkip {
    contract::AutomationSkip {
        session_id: skip.session.to_string(),
        client_id: skip.client.to_string(),
        service_date: Some(wire::date(skip.service_date)),
        reason: reason(skip.reason).into(),
    }
}

/// Which pending sessions are to be billed. Errors: INVALID_FIELD.
pub fn pending_sessions(
    asked: Option<contract::PendingSessions>,
    field: &str,
) -> Result<PendingSessions, Invalid> {
    let asked = asked.unwrap_or_default();
    let clients = asked.client_ids.iter().enumerate();
    Ok(PendingSessions {
        clients: clients
            .map(|(at, client)| parse(client, &format!("{field}.client_ids[{at}]")))
            .collect::<Result<_, _>>()?,
        through: optional_date(asked.through_date, &format!("{field}.through_date"))?,
    })
}

/// Of which run a preview is asked. Errors: INVALID_FIELD.
pub fn preview_of(request: &contract::PreviewAutomationRequest) -> Result<PreviewOf, Invalid> {
    let night = optional_date(request.run_date, "run_date")?;
    match (&request.by_hand, night) {
        (Some(_), Some(_)) => Err(Invalid::new("run_date", "must be left out with by_hand")),
        (Some(asked), None) => {
            let asked = pending_sessions(Some(asked.clone()), "by_hand")?;
            Ok(PreviewOf::ByHand(asked))
        }
        (None, night) => Ok(PreviewOf::Night(night)),
    }
}

/// What a run would bill.
#[must_use]
pub fn preview(preview: Preview) -> contract::PreviewAutomationResponse {
    let currency = preview.total.currency();
    let clients = preview.clients.items.iter();
    contract::PreviewAutomationResponse {
        run_date: Some(wire::date(preview.run_date)),
        clients: clients.map(|client| previewed(client, currency)).collect(),
        next_page_token: preview.clients.next_page_token,
        client_count: preview.client_count,
        session_count: preview.session_count,
        total: Some(wire::money(preview.total)),
        skip_counts: preview.skip_counts.iter().map(skip_count).collect(),
    }
}

fn previewed(client: &PreviewedClient, currency: Currency) -> contract::PreviewedClient {
    let sessions = client.sessions.iter();
    contract::PreviewedClient {
        client_id: client.client.to_string(),
        sessions: sessions.map(|session| pending(session, currency)).collect(),
        total: Some(wire::money(client.total)),
        client_owes: Some(wire::money(client.client_owes)),
        insurance_owes: Some(wire::money(client.insurance_owes)),
        issue_date: client.dates.map(|(issue, _)| wire::date(issue)),
        due_date: client.dates.map(|(_, due)| wire::date(due)),
    }
}

fn pending(pending: &Pending, currency: Currency) -> contract::PreviewedSession {
    let skip = pending.skip.map(reason);
    contract::PreviewedSession {
        session_id: pending.position.session.to_string(),
        service_date: Some(wire::date(pending.position.service_date)),
        total: Some(wire::money(Money::from_minor(
            pending.total_minor,
            currency,
        ))),
        skip_reason: skip.map(i32::from).unwrap_or_default(),
    }
}
