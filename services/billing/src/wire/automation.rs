use crate::store::automation_runs::{Run, Skip};
use ::rpc::wire;
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

fn run(run: &Run) -> contract::AutomationRun {
    contract::AutomationRun {
        run_date: Some(wire::date(run.run_date)),
        start_time: Some(wire::time(run.start_time)),
        end_time: run.end_time.map(wire::time),
        bill_count: run.bills,
        session_count: run.sessions,
        total: Some(wire::money(run.total)),
        skip_count: run.skips,
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
    let reason = match skip.reason.as_str() {
        "by_hand" => contract::AutomationSkipReason::ByHand,
        "not_today" => contract::AutomationSkipReason::NotToday,
        "before_start" => contract::AutomationSkipReason::BeforeStart,
        "failed" => contract::AutomationSkipReason::Failed,
        _unknown => contract::AutomationSkipReason::Unspecified,
    };
    contract::AutomationSkip {
        session_id: skip.session.to_string(),
        client_id: skip.client.to_string(),
        service_date: Some(wire::date(skip.service_date)),
        reason: reason.into(),
    }
}
