use crate::app::{TestApp, reason};
use ids::PracticeId;
use proto::reporting::v1::{
    GetAccountTotalsRequest, GetRevenueByMonthRequest, RebuildProjectionsRequest,
};
use rpc::Role;
use testkit::request_id;

#[tokio::test(flavor = "multi_thread")]
async fn another_practices_reports_do_not_exist() {
    let app = TestApp::start().await;
    app.billing.quarter(app.practice).await;
    app.current().await;
    let stranger = PracticeId::new(&app.clock);
    app.billing.quarter(stranger).await;
    let mut reports = app.reports_as(Role::Owner, stranger);
    let practice_id = app.practice.to_string();
    let report = reports.list_payments_report(app.report_request()).await;
    assert_eq!(reason(report), "PRACTICE_UNKNOWN");
    let months = GetRevenueByMonthRequest {
        practice_id: practice_id.clone(),
        ..GetRevenueByMonthRequest::default()
    };
    assert_eq!(
        reason(reports.get_revenue_by_month(months).await),
        "PRACTICE_UNKNOWN"
    );
    let totals = GetAccountTotalsRequest {
        practice_id: practice_id.clone(),
    };
    assert_eq!(
        reason(reports.get_account_totals(totals).await),
        "PRACTICE_UNKNOWN"
    );
    let rebuild = RebuildProjectionsRequest {
        practice_id,
        request_id: request_id(),
    };
    assert_eq!(
        reason(reports.rebuild_projections(rebuild).await),
        "PRACTICE_UNKNOWN"
    );
    assert_eq!(app.totals().await.billing_sequence, 14);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_leads_into_no_other_practices_report() {
    let app = TestApp::start().await;
    let other = PracticeId::new(&app.clock);
    app.billing.quarter(app.practice).await;
    app.billing.quarter(other).await;
    app.current().await;
    let mut first = app.report_request();
    first.page_size = 1;
    let token = app.report(first.clone()).await.next_page_token;
    first.practice_id = other.to_string();
    first.page_token = token;
    let mut reports = app.reports_as(Role::Biller, other);
    let answer = reports.list_payments_report(first).await;
    assert_eq!(reason(answer), "PAGE_TOKEN_INVALID");
    app.finish().await;
}
