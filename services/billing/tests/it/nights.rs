//! A night's work comes in bounded pieces and bills, and its report does not grow with what is left alone (R04).

use crate::app::{TestApp, minor};
use crate::automation::day;
use crate::terms::automatic;
use billing::work::automate_due;
use proto::billing::v1::{
    Automation, AutomationRun, AutomationSkipReason, ClientTerms, GetBillRequest, PracticeTerms,
};
use std::time::Duration;

impl TestApp {
    /// Gives sessions more lines, of $1 each.
    async fn lengthen(&self, sessions: &[ids::SessionId], lines: i32) {
        let ids: Vec<_> = sessions.iter().map(|session| session.uuid()).collect();
        sqlx::query(
            "with added as (
                insert into billing.session_lines (
                    practice_id, session_id, line_number, service_code, description, modifiers, units, unit_price_minor
                )
                select $1, session_id, line_number, '90785', 'Interactive complexity', '{}', 1, 100
                from unnest($2::uuid[]) as session_id, generate_series(2, $3) as line_number
            )
            update billing.sessions set total_minor = total_minor + ($3 - 1) * 100
            where practice_id = $1 and session_id = any($2)",
        )
        .bind(self.practice.uuid())
        .bind(ids)
        .bind(lines)
        .execute(self.db.owner_pool())
        .await
        .expect("lengthened");
    }

    /// How many lines each bill has, in the order of their numbers.
    async fn line_counts(&self) -> Vec<usize> {
        let mut counts = Vec::new();
        for bill in self.all_bills().await.iter().rev() {
            let request = GetBillRequest {
                practice_id: self.practice.to_string(),
                bill_id: bill.bill_id.clone(),
            };
            let read = self.bills().get_bill(request).await.expect("read");
            counts.push(read.into_inner().bill.expect("a bill").lines.len());
        }
        counts
    }
}

fn counts(run: &AutomationRun) -> Vec<(AutomationSkipReason, i64, i64)> {
    let mut counts: Vec<_> = run
        .skip_counts
        .iter()
        .map(|count| (count.reason(), count.session_count, count.new_count))
        .collect();
    counts.sort_unstable();
    counts
}

#[tokio::test]
async fn r04_a_client_with_hundreds_of_pending_sessions_gets_several_bills() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    let (other, _) = app.insured_client(app.practice).await;
    app.sessions_of(other, 3).await;
    app.sessions_of(app.client, 450).await;
    app.until("2026-03-03T05:00:00Z").await;
    let mut lines = app.line_counts().await;
    lines.sort_unstable();
    assert_eq!(lines, [3, 50, 200, 200]);
    let run = app.runs().await.remove(0);
    assert_eq!((run.bill_count, run.session_count), (4, 453));
    assert_eq!(minor(&run.total), 453 * 15_000);
    assert_eq!((run.skip_count, app.pending().await.total_count), (0, 0));
    app.finish().await;
}

#[tokio::test]
async fn r04_a_bill_of_a_night_has_no_more_lines_than_can_be_printed() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    let sessions = app.sessions_of(app.client, 12).await;
    app.lengthen(&sessions, 50).await;
    app.until("2026-03-03T05:00:00Z").await;
    assert_eq!(app.line_counts().await, [500, 100]);
    let longest = app.all_bills().await.pop().expect("a bill");
    assert!(app.pdf_of(&longest).await.starts_with(b"%PDF"));
    app.finish().await;
}

#[tokio::test]
async fn f22_a_night_that_dies_within_a_client_of_many_sessions_is_finished() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    app.sessions_of(app.client, 410).await;
    app.clock.advance(Duration::from_secs(24 * 3_600));
    for pause in (0..200).step_by(20) {
        // A worker that is dropped at this moment is one that died: nothing of it goes on.
        let night = automate_due(&app.billing);
        let _ = tokio::time::timeout(Duration::from_millis(pause), night).await;
        app.clock.advance(Duration::from_secs(11 * 60));
    }
    while automate_due(&app.billing).await.expect("run") > 0 {}
    let run = app.runs().await.pop().expect("the night");
    assert_eq!((run.bill_count, run.session_count), (3, 410));
    assert_eq!(app.pending().await.total_count, 0);
    app.finish().await;
}

#[tokio::test]
async fn r04_a_nights_report_has_what_is_new_and_counts_the_rest() {
    let app = TestApp::start().await;
    let from_later = PracticeTerms {
        automation_from_date: Some(day(3, 3)),
        ..automatic(Automation::Daily)
    };
    app.set_practice_terms(from_later).await.expect("set");
    app.sessions_of(app.client, 2).await;
    app.until("2026-03-03T12:00:00Z").await;
    let before = AutomationSkipReason::BeforeStart;
    assert_eq!(app.skips(day(3, 3)).await, [before, before]);
    assert_eq!(counts(&app.runs().await[0]), [(before, 2, 2)]);

    // The next night leaves out the same, and tells only how many they are.
    app.until("2026-03-04T12:00:00Z").await;
    assert_eq!(app.skips(day(3, 4)).await, []);
    let run = app.runs().await.remove(0);
    assert_eq!((run.skip_count, counts(&run)), (2, vec![(before, 2, 0)]));

    // Another reason is news, and so is another session.
    app.set_client_terms(ClientTerms {
        automation: Automation::ByHand.into(),
        ..ClientTerms::default()
    })
    .await
    .expect("set");
    let (other, _) = app.insured_client(app.practice).await;
    app.sessions_of(other, 1).await;
    app.until("2026-03-05T12:00:00Z").await;
    let by_hand = AutomationSkipReason::ByHand;
    let mut told = app.skips(day(3, 5)).await;
    told.sort_unstable();
    assert_eq!(told, [by_hand, by_hand, before]);
    let run = app.runs().await.remove(0);
    assert_eq!(counts(&run), [(by_hand, 2, 2), (before, 1, 1)]);

    // Many nights later nothing was written but the counts.
    app.until("2026-05-01T12:00:00Z").await;
    let rows: i64 = sqlx::query_scalar("select count(*) from billing.automation_skips")
        .fetch_one(app.db.owner_pool())
        .await
        .expect("counted");
    assert_eq!(rows, 5);
    assert_eq!(app.runs().await[0].skip_count, 3);
    app.finish().await;
}

#[tokio::test]
async fn r04_what_was_billed_and_is_pending_again_is_new_in_the_report() {
    let app = TestApp::start().await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    app.set_client_terms(ClientTerms {
        automation: Automation::ByHand.into(),
        ..ClientTerms::default()
    })
    .await
    .expect("set");
    let session = app.sessions_of(app.client, 1).await[0];
    app.until("2026-03-03T12:00:00Z").await;
    assert_eq!(app.skips(day(3, 3)).await.len(), 1);
    let mut request = app.product_request(1_000);
    request.sessions = vec![proto::billing::v1::SessionToBill {
        session_id: session.to_string(),
        ..Default::default()
    }];
    let bill = app.bills().issue_bill(request).await.expect("issued");
    let bill = bill.into_inner().bill.expect("a bill");
    app.until("2026-03-04T12:00:00Z").await;
    assert_eq!(app.skips(day(3, 4)).await, []);
    let cancel = proto::billing::v1::CancelBillRequest {
        practice_id: app.practice.to_string(),
        request_id: testkit::request_id(),
        bill_id: bill.bill_id,
        ..Default::default()
    };
    app.bills().cancel_bill(cancel).await.expect("cancelled");
    app.until("2026-03-05T12:00:00Z").await;
    assert_eq!(
        app.skips(day(3, 5)).await,
        [AutomationSkipReason::ByHand],
        "it is pending again"
    );
    app.finish().await;
}
