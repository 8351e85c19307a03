use crate::app::{TestApp, day, reason};
use ids::PracticeId;
use proto::billing::v1::PaymentKind::Check;
use proto::reporting::v1::RebuildProjectionsRequest;
use rpc::Role;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn r48_a_rebuild_from_zero_gives_the_same_and_leaves_others_alone() {
    let app = TestApp::start().await;
    let other = PracticeId::new(&app.clock);
    app.billing.quarter(other).await;
    app.billing.quarter(app.practice).await;
    app.billing.quarter(app.practice).await;
    let before = (app.current().await, app.projections().await);
    let report = app.report(app.report_request()).await;
    let others = cursor(&app, other).await;
    app.rebuild().await;
    assert_eq!((app.current().await, app.projections().await), before);
    assert_eq!(app.report(app.report_request()).await, report);
    assert_eq!(cursor(&app, other).await, others);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r48_rebuilds_while_events_arrive_lose_and_double_nothing() {
    let app = TestApp::start().await;
    let writing = async {
        for number in 0..120 {
            let date = day(1 + number % 3, 1 + number % 28);
            let check = (Check, "Check");
            app.billing.bill(app.practice, date, 700, 0).await;
            app.billing.pay(app.practice, check, date, (700, 50)).await;
        }
    };
    let rebuilding = async {
        for _ in 0..6 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            app.rebuild().await;
        }
    };
    tokio::join!(writing, rebuilding);
    let totals = app.current().await;
    assert_eq!(totals.billing_sequence, 360);
    let arrived = app.projections().await;
    let report = app.report(app.report_request()).await;
    assert_eq!(report.totals[0].count, 120);
    app.rebuild().await;
    app.current().await;
    assert_eq!(app.projections().await, arrived);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_rebuild_does_nothing_more_and_another_content_is_refused() {
    let app = TestApp::start().await;
    app.billing.quarter(app.practice).await;
    app.current().await;
    let request = app.rebuild().await;
    app.current().await;
    let rows = app.projections().await;
    let again = app.reports().rebuild_projections(request.clone()).await;
    again.expect("the same answer");
    assert_eq!(app.totals().await.events_behind, 0);
    assert_eq!(app.projections().await, rows);

    let mut biller = app.reports_as(Role::Biller, app.practice);
    let refused = biller
        .rebuild_projections(request)
        .await
        .expect_err("refused");
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    let wrong = RebuildProjectionsRequest {
        practice_id: app.practice.to_string(),
        request_id: "again".to_owned(),
    };
    assert_eq!(
        reason(app.reports().rebuild_projections(wrong).await),
        "INVALID_FIELD"
    );
    app.finish().await;
}

async fn cursor(app: &TestApp, practice: PracticeId) -> Option<i64> {
    sqlx::query_scalar("select applied from reporting.cursors where practice_id = $1")
        .bind(practice)
        .fetch_optional(app.db.owner_pool())
        .await
        .expect("asked")
}
