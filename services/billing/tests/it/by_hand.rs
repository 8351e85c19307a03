//! Pending sessions are billed by hand, in a run that goes on for itself (R04).

use crate::app::{TestApp, minor, reason};
use crate::automation::day;
use crate::terms::automatic;
use billing::work::automate_due;
use futures::future::join_all;
use ids::{ClientId, PracticeId, SessionId};
use proto::billing::v1::automation_service_client::AutomationServiceClient;
use proto::billing::v1::{
    Automation, AutomationRun, AutomationRunKind, BillPendingSessionsRequest,
    GetAutomationRunRequest, ListAutomationRunsRequest, ListAutomationSkipsRequest,
    PendingSessions,
};
use std::collections::BTreeSet;
use std::time::Duration;
use testkit::request_id;

impl TestApp {
    pub fn pending_request(&self, sessions: PendingSessions) -> BillPendingSessionsRequest {
        BillPendingSessionsRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            sessions: Some(sessions),
        }
    }

    async fn bill_pending(&self, request: BillPendingSessionsRequest) -> AutomationRun {
        let begun = self.automation().bill_pending_sessions(request).await;
        begun.expect("begun").into_inner().run.expect("a run")
    }

    async fn run(&self, run: &AutomationRun) -> AutomationRun {
        let request = GetAutomationRunRequest {
            practice_id: self.practice.to_string(),
            run_id: run.run_id.clone(),
        };
        let read = self.automation().get_automation_run(request).await;
        read.expect("read").into_inner().run.expect("a run")
    }

    async fn work_off(&self) {
        while automate_due(&self.billing).await.expect("run") > 0 {}
    }

    /// The sessions on live bills, each as often as it is on one.
    pub async fn billed_sessions(&self) -> Vec<SessionId> {
        sqlx::query_scalar(
            "select line.session_id from billing.bill_lines line
            join billing.bills bill using (practice_id, bill_id)
            where line.session_id is not null and bill.cancel_time is null",
        )
        .fetch_all(self.db.owner_pool())
        .await
        .expect("read")
    }

    async fn clients_with_sessions(&self, clients: usize, count: usize) -> Vec<ClientId> {
        let mut made = Vec::new();
        for _ in 0..clients {
            let (client, _) = self.insured_client(self.practice).await;
            self.sessions_of(client, count).await;
            made.push(client);
        }
        made
    }
}

fn only(clients: &[ClientId]) -> PendingSessions {
    PendingSessions {
        client_ids: clients.iter().map(ToString::to_string).collect(),
        through_date: None,
    }
}

#[tokio::test]
async fn r04_what_is_pending_is_billed_by_hand_one_bill_a_client_whatever_the_automation() {
    let app = TestApp::start().await;
    let clients = app.clients_with_sessions(3, 2).await;
    let request = app.pending_request(PendingSessions::default());
    let begun = app.bill_pending(request.clone()).await;
    assert_eq!(begun.kind(), AutomationRunKind::ByHand);
    assert_eq!((begun.end_time, begun.bill_count), (None, 0));
    assert_eq!(begun.asked_by, "user_00000000000000000000000001");
    app.work_off().await;
    let run = app.run(&begun).await;
    assert_eq!(
        (run.bill_count, run.session_count, minor(&run.total)),
        (3, 6, 90_000)
    );
    assert_eq!(
        (run.run_date, run.through_date),
        (Some(day(3, 2)), Some(day(3, 2)))
    );
    assert!(run.end_time.is_some());
    let bills = app.all_bills().await;
    let billed: BTreeSet<_> = bills.iter().map(|bill| bill.client_id.clone()).collect();
    assert_eq!(
        (bills.len(), billed),
        (3, clients.iter().map(ToString::to_string).collect())
    );
    assert!(
        bills
            .iter()
            .all(|bill| bill.issue_date == Some(day(3, 2)) && bill.run_date.is_none())
    );
    assert_eq!(app.runs().await, std::slice::from_ref(&run), "it is listed");
    // The same request is the same run, another content is refused.
    app.sessions_of(app.client, 1).await;
    assert_eq!(app.bill_pending(request.clone()).await, run);
    app.work_off().await;
    assert_eq!(app.all_bills().await.len(), 3, "nothing more");
    let other = BillPendingSessionsRequest {
        sessions: Some(only(&[app.client])),
        ..request
    };
    assert_eq!(
        reason(app.automation().bill_pending_sessions(other).await),
        "REQUEST_ID_REUSED"
    );
    app.finish().await;
}

#[tokio::test]
async fn r04_a_run_by_hand_is_for_the_clients_and_days_that_were_asked_for() {
    let app = TestApp::start().await;
    let clients = app.clients_with_sessions(2, 2).await;
    app.clock.advance(Duration::from_secs(24 * 3_600));
    let later = app.session_request().await;
    app.record(later).await;
    let yesterday = PendingSessions {
        client_ids: vec![clients[0].to_string(), app.client.to_string()],
        through_date: Some(day(3, 2)),
    };
    let run = app.bill_pending(app.pending_request(yesterday)).await;
    app.work_off().await;
    let run = app.run(&run).await;
    assert_eq!((run.bill_count, run.session_count), (1, 2));
    assert_eq!(run.client_ids.len(), 2);
    assert_eq!(app.all_bills().await[0].client_id, clients[0].to_string());
    assert_eq!(app.pending().await.total_count, 3, "two and the later one");
    let refused = [
        (
            PendingSessions {
                through_date: Some(day(3, 4)),
                ..PendingSessions::default()
            },
            "INVALID_FIELD",
        ),
        (only(&[ClientId::new(&app.clock)]), "CLIENT_NOT_FOUND"),
    ];
    for (asked, why) in refused {
        let request = app.pending_request(asked);
        let answer = app.automation().bill_pending_sessions(request).await;
        assert_eq!(reason(answer), why);
    }
    app.finish().await;
}

#[tokio::test]
async fn f31_runs_by_hand_at_once_and_a_night_beside_them_bill_each_session_once() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    app.clients_with_sessions(8, 4).await;
    app.clock.advance(Duration::from_secs(24 * 3_600));
    let asked = (0..3).map(|_| {
        let (mut automation, request) = (
            app.automation(),
            app.pending_request(PendingSessions::default()),
        );
        async move { automation.bill_pending_sessions(request).await.is_ok() }
    });
    assert_eq!(join_all(asked).await, [true, true, true]);
    // Leases are no locks: everybody believes everything to be theirs.
    let due = [
        "update billing.hand_run_queue set due_time = '-infinity'",
        "update billing.automation_queue set due_time = '-infinity'",
    ];
    let workers = (0..4).map(|_| async {
        for _ in 0..3 {
            for due in due {
                let again = sqlx::query(due).execute(app.db.owner_pool()).await;
                again.expect("due");
            }
            automate_due(&app.billing).await.expect("run");
        }
    });
    join_all(workers).await;
    app.work_off().await;
    let lines = app.billed_sessions().await;
    let distinct: BTreeSet<_> = lines.iter().copied().collect();
    assert_eq!((lines.len(), distinct.len()), (32, 32), "each session once");
    let runs = app.runs().await;
    assert!(runs.iter().all(|run| run.end_time.is_some()));
    let sessions: i64 = runs.iter().map(|run| run.session_count).sum();
    assert_eq!((runs.len(), sessions), (4, 32), "each in one run");
    let bills: i64 = runs.iter().map(|run| run.bill_count).sum();
    let numbers = app.all_bills().await;
    assert_eq!(
        numbers.first().map(|bill| bill.number),
        Some(bills),
        "no gaps"
    );
    app.finish().await;
}

#[tokio::test]
async fn f22_a_run_by_hand_that_dies_anywhere_is_finished_by_the_next_worker() {
    let app = TestApp::start().await;
    app.clients_with_sessions(120, 1).await;
    let begun = app
        .bill_pending(app.pending_request(PendingSessions::default()))
        .await;
    for pause in (0..60).step_by(4) {
        // A worker that is dropped at this moment is one that died: nothing of it goes on.
        let worker = automate_due(&app.billing);
        let _ = tokio::time::timeout(Duration::from_millis(pause), worker).await;
        app.clock.advance(Duration::from_secs(11 * 60));
    }
    app.work_off().await;
    let run = app.run(&begun).await;
    assert_eq!((run.bill_count, run.session_count), (120, 120));
    assert!(run.end_time.is_some());
    assert_eq!(app.billed_sessions().await.len(), 120);
    app.finish().await;
}

#[tokio::test]
async fn r04_a_client_whose_bill_cannot_be_made_is_left_out_of_a_run_and_the_report_says_so() {
    let app = TestApp::start().await;
    let clients = app.clients_with_sessions(2, 1).await;
    let broken = app.sessions_of(app.client, 1).await;
    // No request can set this; a row that is broken must not stop the others.
    sqlx::query(
        "insert into billing.client_terms (
            practice_id, client_id, responsibility, policy_id, co_insurance_percent, update_time
        ) values ($1, $2, 'insurance', $3, '150', clock_timestamp())",
    )
    .bind(app.practice.uuid())
    .bind(app.client.uuid())
    .bind(app.policy.uuid())
    .execute(app.db.owner_pool())
    .await
    .expect("broken");
    let run = app
        .bill_pending(app.pending_request(PendingSessions::default()))
        .await;
    app.work_off().await;
    let run = app.run(&run).await;
    assert_eq!((run.bill_count, run.skip_count), (2, 1));
    assert_eq!(run.skip_counts[0].session_count, 1);
    assert_eq!(app.billed_sessions().await.len(), clients.len());
    let request = ListAutomationSkipsRequest {
        practice_id: app.practice.to_string(),
        run_id: run.run_id.clone(),
        ..ListAutomationSkipsRequest::default()
    };
    let skips = app
        .automation()
        .list_automation_skips(request.clone())
        .await;
    let skips = skips.expect("listed").into_inner().skips;
    let left_out: Vec<_> = skips.iter().map(|skip| skip.session_id.clone()).collect();
    assert_eq!(left_out, [broken[0].to_string()]);
    let both = ListAutomationSkipsRequest {
        run_date: Some(day(3, 2)),
        ..request.clone()
    };
    let neither = ListAutomationSkipsRequest {
        run_id: String::new(),
        ..request
    };
    for asked in [both, neither] {
        assert_eq!(
            reason(app.automation().list_automation_skips(asked).await),
            "INVALID_FIELD"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn r04_nights_and_runs_by_hand_are_listed_together_newest_first_page_by_page() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    app.until("2026-03-03T15:00:00Z").await;
    for _ in 0..2 {
        app.bill_pending(app.pending_request(PendingSessions::default()))
            .await;
        app.clock.advance(Duration::from_secs(60));
    }
    app.until("2026-03-04T15:00:00Z").await;
    let mut kinds = Vec::new();
    let mut request = ListAutomationRunsRequest {
        practice_id: app.practice.to_string(),
        page_size: 1,
        page_token: String::new(),
    };
    loop {
        let page = app.automation().list_automation_runs(request.clone()).await;
        let page = page.expect("listed").into_inner();
        kinds.extend(page.runs.iter().map(|run| (run.run_date, run.kind())));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let night = AutomationRunKind::Night;
    let by_hand = AutomationRunKind::ByHand;
    assert_eq!(
        kinds,
        [
            (Some(day(3, 4)), night),
            (Some(day(3, 3)), by_hand),
            (Some(day(3, 3)), by_hand),
            (Some(day(3, 3)), night),
        ]
    );
    app.finish().await;
}

#[tokio::test]
async fn r41_another_practices_run_by_hand_is_not_there() {
    let app = TestApp::start().await;
    app.sessions_of(app.client, 1).await;
    let run = app
        .bill_pending(app.pending_request(PendingSessions::default()))
        .await;
    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let mut theirs = AutomationServiceClient::new(app.owner_of(stranger));
    let own = GetAutomationRunRequest {
        practice_id: stranger.to_string(),
        run_id: run.run_id.clone(),
    };
    assert_eq!(
        reason(theirs.get_automation_run(own).await),
        "RUN_NOT_FOUND"
    );
    let mine = app.pending_request(PendingSessions::default());
    let refused = theirs
        .bill_pending_sessions(mine)
        .await
        .expect_err("refused");
    assert_eq!(refused.code(), tonic::Code::NotFound);
    let foreign = BillPendingSessionsRequest {
        practice_id: stranger.to_string(),
        ..app.pending_request(only(&[app.client]))
    };
    assert_eq!(
        reason(theirs.bill_pending_sessions(foreign).await),
        "CLIENT_NOT_FOUND"
    );
    app.work_off().await;
    assert_eq!(app.run(&run).await.bill_count, 1);
    app.finish().await;
}
