use crate::app::{TestApp, due, minor, usd};
use crate::terms::automatic;
use billing::Billing;
use billing::work::automate_due;
use clock::Clock;
use futures::future::join_all;
use ids::{ClientId, SessionId};
use jiff::ToSpan as _;
use proto::billing::v1::automation_service_client::AutomationServiceClient;
use proto::billing::v1::client_terms::ClientPart;
use proto::billing::v1::{
    Automation, AutomationRun, AutomationSkipReason, Bill, BillStatus, ClientTerms,
    ListAutomationRunsRequest, ListAutomationSkipsRequest, ListBillsRequest, PracticeTerms,
    Responsibility,
};
use proto::google::r#type::Date;
use rpc::Connection;
use std::collections::BTreeSet;
use std::time::Duration;

impl TestApp {
    pub fn automation(&self) -> AutomationServiceClient<Connection> {
        AutomationServiceClient::new(self.owner_of(self.practice))
    }

    /// Lets time pass and runs every night that has come.
    pub async fn until(&self, instant: &str) {
        let now = self.clock.now();
        let later: jiff::Timestamp = instant.parse().expect("an instant");
        assert!(later >= now, "time goes forward");
        self.clock.set(later);
        while automate_due(&self.billing).await.expect("run") > 0 {}
    }

    pub async fn runs(&self) -> Vec<AutomationRun> {
        let request = ListAutomationRunsRequest {
            practice_id: self.practice.to_string(),
            ..ListAutomationRunsRequest::default()
        };
        let runs = self.automation().list_automation_runs(request).await;
        runs.expect("listed").into_inner().runs
    }

    pub async fn skips(&self, run_date: Date) -> Vec<AutomationSkipReason> {
        let request = ListAutomationSkipsRequest {
            practice_id: self.practice.to_string(),
            run_date: Some(run_date),
            ..ListAutomationSkipsRequest::default()
        };
        let skips = self.automation().list_automation_skips(request).await;
        let skips = skips.expect("listed").into_inner().skips;
        skips.iter().map(|skip| skip.reason()).collect()
    }

    /// Newest first, without lines.
    pub async fn all_bills(&self) -> Vec<Bill> {
        let request = ListBillsRequest {
            practice_id: self.practice.to_string(),
            page_size: 500,
            ..ListBillsRequest::default()
        };
        self.bills()
            .list_bills(request)
            .await
            .expect("listed")
            .into_inner()
            .bills
    }

    /// When the practice's next night comes, or can be taken over.
    async fn due_time(&self) -> jiff::Timestamp {
        let due: jiff_sqlx::Timestamp =
            sqlx::query_scalar("select due_time from billing.automation_queue")
                .fetch_one(self.db.owner_pool())
                .await
                .expect("read");
        due.to_jiff()
    }

    pub async fn sessions_of(&self, client: ClientId, count: usize) -> Vec<SessionId> {
        let mut sessions = Vec::new();
        for _ in 0..count {
            sessions.push(self.session(self.practice, client, 15_000).await);
        }
        sessions
    }
}

pub fn day(month: i32, day: i32) -> Date {
    Date {
        year: 2026,
        month,
        day,
    }
}

#[tokio::test]
async fn r04_each_midnight_of_the_practice_what_was_rendered_becomes_one_bill_a_client() {
    let app = TestApp::start().await;
    app.set_practice_terms(PracticeTerms {
        due_days: 10,
        ..automatic(Automation::Daily)
    })
    .await
    .expect("set");
    let (other, _) = app.insured_client(app.practice).await;
    app.sessions_of(app.client, 2).await;
    app.sessions_of(other, 1).await;
    app.until("2026-03-03T04:59:59Z").await;
    assert_eq!(
        app.all_bills().await,
        [],
        "it is still the second in New York"
    );
    app.until("2026-03-03T05:00:00Z").await;
    let bills = app.all_bills().await;
    let mut totals: Vec<_> = bills.iter().map(|bill| minor(&bill.total)).collect();
    totals.sort_unstable();
    assert_eq!(totals, [15_000, 30_000]);
    for bill in &bills {
        assert_eq!(
            (bill.issue_date, bill.run_date),
            (Some(day(3, 3)), Some(day(3, 3)))
        );
        assert_eq!(
            (bill.due_date, bill.status()),
            (Some(day(3, 13)), BillStatus::Open)
        );
    }
    let runs = app.runs().await;
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].bill_count, runs[0].session_count), (2, 3));
    assert_eq!((minor(&runs[0].total), runs[0].skip_count), (45_000, 0));
    assert!(runs[0].end_time.is_some());
    assert_eq!(app.pending().await.total_count, 0);
    app.finish().await;
}

#[tokio::test]
async fn r04_turning_it_on_bills_nothing_old_and_the_report_says_why() {
    let app = TestApp::start().await;
    let terms = PracticeTerms {
        automation_from_date: Some(day(3, 3)),
        ..automatic(Automation::Daily)
    };
    app.set_practice_terms(terms).await.expect("set");
    let (by_hand, monthly) = (app.client, app.insured_client(app.practice).await.0);
    let (old, _) = app.insured_client(app.practice).await;
    for (client, automation) in [
        (by_hand, Automation::ByHand),
        (monthly, Automation::MonthlyFirstDay),
    ] {
        let terms = ClientTerms {
            automation: automation.into(),
            ..ClientTerms::default()
        };
        let request = proto::billing::v1::SetClientTermsRequest {
            practice_id: app.practice.to_string(),
            request_id: testkit::request_id(),
            client_id: client.to_string(),
            terms: Some(terms),
        };
        app.terms().set_client_terms(request).await.expect("set");
    }
    for client in [by_hand, monthly, old] {
        app.sessions_of(client, 1).await;
    }
    app.until("2026-03-03T12:00:00Z").await;
    assert_eq!(app.all_bills().await, []);
    let mut reasons = app.skips(day(3, 3)).await;
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            AutomationSkipReason::ByHand,
            AutomationSkipReason::NotToday,
            AutomationSkipReason::BeforeStart
        ]
    );
    assert_eq!(app.runs().await[0].skip_count, 3);
    app.until("2026-04-01T04:00:00Z").await;
    let bills = app.all_bills().await;
    assert_eq!(bills.len(), 1, "the monthly one");
    assert_eq!(
        (bills[0].client_id.clone(), bills[0].issue_date),
        (monthly.to_string(), Some(day(4, 1)))
    );
    app.finish().await;
}

#[tokio::test]
async fn r04_a_month_is_billed_on_its_last_day_when_the_practice_wants_it() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::MonthlyLastDay))
        .await
        .expect("set");
    app.sessions_of(app.client, 2).await;
    app.until("2026-03-31T12:00:00Z").await;
    assert_eq!(app.all_bills().await, [], "the last day is not over");
    app.until("2026-04-01T04:00:00Z").await;
    let bills = app.all_bills().await;
    assert_eq!(bills.len(), 1);
    assert_eq!(bills[0].issue_date, Some(day(3, 31)));
    assert_eq!(
        bills[0].due_date,
        Some(day(4, 1)),
        "nobody owes for a day that is over"
    );
    app.finish().await;
}

#[tokio::test]
async fn f30_nights_that_were_missed_run_once_each_oldest_first() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    app.sessions_of(app.client, 1).await;
    app.until("2026-03-06T15:00:00Z").await;
    let runs = app.runs().await;
    let dates: Vec<_> = runs.iter().filter_map(|run| run.run_date).collect();
    assert_eq!(dates, [day(3, 6), day(3, 5), day(3, 4), day(3, 3)]);
    let bills: Vec<_> = runs.iter().map(|run| run.bill_count).collect();
    assert_eq!(bills, [0, 0, 0, 1]);
    let bill = &app.all_bills().await[0];
    assert_eq!(
        (bill.issue_date, bill.due_date),
        (Some(day(3, 3)), Some(day(3, 6))),
        "time to pay begins today"
    );
    app.finish().await;
}

#[tokio::test]
async fn f31_workers_at_once_and_bills_by_hand_bill_each_session_once() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    let mut sessions = BTreeSet::new();
    for _ in 0..6 {
        let (client, _) = app.insured_client(app.practice).await;
        sessions.extend(app.sessions_of(client, 4).await);
    }
    let own = app.sessions_of(app.client, 3).await;
    let hand = own.iter().map(|session| {
        let mut bills = app.bills();
        let mut request = app.product_request(1_000);
        request.sessions = vec![proto::billing::v1::SessionToBill {
            session_id: session.to_string(),
            ..Default::default()
        }];
        async move { bills.issue_bill(request).await.is_ok() }
    });
    app.clock.advance(Duration::from_secs(24 * 3_600));
    // The lease is no lock: workers that all believe a night to be theirs still bill each session once.
    let due = "update billing.automation_queue set due_time = '-infinity'";
    let workers = (0..4).map(|_| async {
        for _ in 0..3 {
            sqlx::query(due)
                .execute(app.db.owner_pool())
                .await
                .expect("due");
            automate_due(&app.billing).await.expect("run");
        }
    });
    let (_, by_hand) = tokio::join!(join_all(workers), join_all(hand));
    let lines = app.billed_sessions().await;
    let distinct: BTreeSet<_> = lines.iter().copied().collect();
    assert_eq!((lines.len(), distinct.len()), (27, 27), "each session once");
    let run = app.runs().await.pop().expect("a run");
    let by_hand = by_hand.iter().filter(|issued| **issued).count();
    assert_eq!(run.session_count, 27 - i64::try_from(by_hand).expect("few"));
    let numbers: BTreeSet<_> = app
        .all_bills()
        .await
        .iter()
        .map(|bill| bill.number)
        .collect();
    assert_eq!(
        numbers.last().copied(),
        i64::try_from(numbers.len()).ok(),
        "no gaps"
    );
    app.finish().await;
}

/// A day of the next leap year.
fn leap(month: i32, day: i32) -> Date {
    Date {
        year: 2028,
        month,
        day,
    }
}

/// The afternoon of a leap day that ends a month, with a client who is billed each night, for two sessions, and 110 who
/// are for the month, for one.
async fn at_a_months_end(app: &TestApp) {
    app.clock.set(instant("2028-02-29T15:00:00Z"));
    let monthly = PracticeTerms {
        automation_from_date: Some(day(1, 1)),
        ..automatic(Automation::MonthlyLastDay)
    };
    app.set_practice_terms(monthly).await.expect("set");
    let daily = ClientTerms {
        automation: Automation::Daily.into(),
        automation_from_date: Some(day(1, 1)),
        ..ClientTerms::default()
    };
    app.set_client_terms(daily).await.expect("set");
    app.sessions_of(app.client, 2).await;
    for _ in 0..110 {
        let (client, _) = app.insured_client(app.practice).await;
        app.sessions_of(client, 1).await;
    }
}

/// The month ends on a leap day, and one worker's clock goes ten minutes ahead of the other's, which is as long as a
/// night is its worker's: what the slow one has taken is the fast one's at once.
#[tokio::test]
async fn f32_workers_ten_minutes_apart_at_a_months_end_bill_each_session_once() {
    let app = TestApp::start().await;
    at_a_months_end(&app).await;
    let worker = |at: &str| Billing {
        clock: Clock::fixed(instant(at)),
        ..app.billing.clone()
    };
    // Midnight in New York is at five.
    let (slow, fast) = (
        worker("2028-03-01T04:40:00Z"),
        worker("2028-03-01T04:50:00Z"),
    );
    for _ in 0..20 {
        assert_eq!(automate_due(&slow).await.expect("run"), 0, "it is February");
        slow.clock.advance(Duration::from_secs(60));
        fast.clock.advance(Duration::from_secs(60));
    }
    let lease_end = instant("2028-03-01T05:10:00Z");
    let (taken, taken_too) = tokio::join!(automate_due(&slow), async {
        while app.due_time().await != lease_end {
            tokio::task::yield_now().await;
        }
        automate_due(&fast).await
    });
    let taken = (taken.expect("run"), taken_too.expect("run"));
    assert_eq!(taken, (1, 1), "both work on the night at once");
    // More to bill for the night after, which the fast one begins while it is the first still for the slow one.
    app.sessions_of(app.client, 3).await;
    for _ in 0..26 * 6 {
        for worker in [&slow, &fast] {
            worker.clock.advance(Duration::from_secs(600));
        }
        let (first, second) = tokio::join!(automate_due(&slow), automate_due(&fast));
        assert!(first.and(second).is_ok());
    }

    let lines = app.billed_sessions().await;
    let distinct: BTreeSet<_> = lines.iter().copied().collect();
    assert_eq!(
        (lines.len(), distinct.len()),
        (115, 115),
        "each session once"
    );
    let of = |month: i32, day: i32| Some(leap(month, day));
    let runs = app.runs().await.into_iter();
    let runs: Vec<_> = runs
        .map(|run| (run.run_date, run.bill_count, run.session_count))
        .collect();
    assert_eq!(
        runs,
        [(of(3, 2), 1, 3), (of(3, 1), 111, 112)],
        "one run a day"
    );
    let bills = app.all_bills().await;
    let dated = |month: i32, day: i32| {
        let of_day = bills
            .iter()
            .filter(|bill| bill.issue_date == of(month, day));
        of_day.count()
    };
    assert_eq!((dated(2, 29), dated(3, 1), dated(3, 2)), (110, 1, 1));
    app.finish().await;
}

fn instant(text: &str) -> jiff::Timestamp {
    text.parse().expect("an instant")
}

#[tokio::test]
async fn f22_a_night_that_dies_anywhere_is_finished_by_the_next_worker() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    for _ in 0..60 {
        let (client, _) = app.insured_client(app.practice).await;
        app.sessions_of(client, 1).await;
    }
    app.clock.advance(Duration::from_secs(24 * 3_600));
    for pause in (0..40).step_by(4) {
        // A worker that is dropped at this moment is one that died: nothing of it goes on.
        let night = automate_due(&app.billing);
        let _ = tokio::time::timeout(Duration::from_millis(pause), night).await;
        app.clock.advance(Duration::from_secs(11 * 60));
    }
    while automate_due(&app.billing).await.expect("run") > 0 {}
    let runs = app.runs().await;
    let first = runs
        .iter()
        .find(|run| run.run_date == Some(day(3, 3)))
        .expect("the night");
    assert_eq!((first.bill_count, first.session_count), (60, 60));
    assert!(first.end_time.is_some());
    assert_eq!(app.all_bills().await.len(), 60);
    app.finish().await;
}

#[tokio::test]
async fn r04_insurance_owes_what_the_clients_terms_leave_it() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    let insured = ClientTerms {
        responsibility: Responsibility::Insurance.into(),
        policy_id: app.policy.to_string(),
        client_part: Some(ClientPart::CoPay(usd(2_500))),
        ..ClientTerms::default()
    };
    app.set_client_terms(insured).await.expect("set");
    app.session(app.practice, app.client, 15_000).await;
    app.session(app.practice, app.client, 2_000).await;
    app.until("2026-03-03T05:00:00Z").await;
    let bill = &app.all_bills().await[0];
    assert_eq!(
        due(bill),
        (4_500, 12_500, BillStatus::Open),
        "a co-pay a session, at most its price"
    );
    assert_eq!(bill.policy_id, app.policy.to_string());
    app.finish().await;
}

#[tokio::test]
async fn f29_a_spring_night_without_midnight_and_a_long_autumn_day_are_one_night_each() {
    let app = TestApp::start().await;
    sqlx::query("update billing.practices set time_zone = 'Asia/Beirut'")
        .execute(app.db.owner_pool())
        .await
        .expect("moved");
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    app.until("2026-11-02T00:00:00Z").await;
    let runs = app.automation();
    let mut dates = Vec::new();
    let mut request = ListAutomationRunsRequest {
        practice_id: app.practice.to_string(),
        page_size: 100,
        ..ListAutomationRunsRequest::default()
    };
    loop {
        let page = runs
            .clone()
            .list_automation_runs(request.clone())
            .await
            .expect("listed")
            .into_inner();
        dates.extend(page.runs.iter().filter_map(|run| run.run_date));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    dates.reverse();
    let mut expected = jiff::civil::date(2026, 3, 3);
    for date in &dates {
        let date = (date.year, date.month, date.day);
        let day = (
            i32::from(expected.year()),
            i32::from(expected.month()),
            i32::from(expected.day()),
        );
        assert_eq!(date, day);
        expected = expected.checked_add(1.day()).expect("a day");
    }
    assert_eq!(
        expected,
        jiff::civil::date(2026, 11, 3),
        "none missed, none twice"
    );
    app.finish().await;
}

#[tokio::test]
async fn r41_another_practices_nights_are_not_there() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    app.until("2026-03-03T05:00:00Z").await;
    let stranger = ids::PracticeId::new(&app.clock);
    app.register(stranger).await;
    let mut automation = AutomationServiceClient::new(app.owner_of(stranger));
    let own = ListAutomationRunsRequest {
        practice_id: stranger.to_string(),
        ..ListAutomationRunsRequest::default()
    };
    let own = automation.list_automation_runs(own).await.expect("listed");
    assert_eq!(own.into_inner().runs, []);
    let others = ListAutomationRunsRequest {
        practice_id: app.practice.to_string(),
        ..ListAutomationRunsRequest::default()
    };
    let refused = automation
        .list_automation_runs(others)
        .await
        .expect_err("not there");
    assert_eq!(refused.code(), tonic::Code::NotFound);
    app.finish().await;
}

#[tokio::test]
async fn r04_who_comes_back_to_the_practices_automation_is_billed_from_then_on() {
    let app = TestApp::start().await;
    let terms = PracticeTerms {
        automation_from_date: Some(day(1, 1)),
        ..automatic(Automation::Daily)
    };
    app.set_practice_terms(terms).await.expect("set");
    let by_hand = ClientTerms {
        automation: Automation::ByHand.into(),
        ..ClientTerms::default()
    };
    app.set_client_terms(by_hand).await.expect("set");
    app.sessions_of(app.client, 2).await;
    app.until("2026-03-10T15:00:00Z").await;
    app.set_client_terms(ClientTerms::default())
        .await
        .expect("set");
    app.until("2026-03-12T15:00:00Z").await;
    assert_eq!(app.all_bills().await, [], "what was left alone stays alone");
    assert_eq!(app.pending().await.total_count, 2);
    app.finish().await;
}
