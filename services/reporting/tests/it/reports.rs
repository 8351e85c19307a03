use crate::app::{TestApp, day, figures, minor, usd};
use proto::billing::v1::AccountKind::*;
use proto::billing::v1::PaymentKind;
use proto::reporting::v1::{ListPaymentsReportRequest, PaymentRow};
use rpc::Role;
use tonic::Code;

/// Method, amount, refunded, credited.
fn row(row: &PaymentRow) -> (&str, i64, i64, i64) {
    let (amount, refunded) = (minor(&row.amount), minor(&row.refunded));
    (&row.method, amount, refunded, minor(&row.credited))
}

#[tokio::test(flavor = "multi_thread")]
async fn r45_the_report_has_every_payment_that_made_revenue_and_no_credits_or_write_offs() {
    let app = TestApp::start().await;
    app.billing.quarter(app.practice).await;
    app.current().await;
    let report = app.report(app.report_request()).await;
    let rows: Vec<_> = report.rows.iter().map(row).collect();
    assert_eq!(
        rows,
        [
            ("Card", 4_000, 0, 0),
            ("Insurance", 7_500, 0, 0),
            ("Cash", 6_000, 1_200, 1_000),
            ("Venmo", 2_500, 0, 0),
        ]
    );
    let insured = &report.rows[1];
    assert!(insured.payment_id.starts_with("ins_"));
    assert_eq!(insured.payer_name, "Aetna");
    assert_eq!(insured.receive_date, Some(day(2, 10)));
    let totals: Vec<_> = report
        .totals
        .iter()
        .map(|it| {
            (
                it.method.as_str(),
                it.count,
                minor(&it.amount),
                minor(&it.refunded),
            )
        })
        .collect();
    assert_eq!(
        totals,
        [
            ("Card", 1, 4_000, 0),
            ("Cash", 1, 6_000, 1_200),
            ("Insurance", 1, 7_500, 0),
            ("Venmo", 1, 2_500, 0),
        ]
    );
    assert_eq!(
        (report.events_behind, report.next_page_token.as_str()),
        (0, "")
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r45_a_range_has_its_own_days_and_their_totals_only() {
    let app = TestApp::start().await;
    app.billing.quarter(app.practice).await;
    app.current().await;
    let february = ListPaymentsReportRequest {
        from_date: Some(day(2, 10)),
        to_date: Some(day(2, 12)),
        ..app.report_request()
    };
    let report = app.report(february).await;
    let methods: Vec<_> = report.rows.iter().map(|row| row.method.as_str()).collect();
    assert_eq!(methods, ["Insurance", "Cash"]);
    assert_eq!(report.totals.len(), 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r45_a_refund_shows_what_went_back_and_not_what_stayed_as_credit() {
    let app = TestApp::start().await;
    let (billing, practice) = (&app.billing, app.practice);
    billing.bill(practice, day(1, 5), 10_000, 0).await;
    let card = (PaymentKind::Card, "Visa ending in 4242");
    let payment = billing.pay(practice, card, day(1, 5), (10_000, 0)).await;
    let to_card = (ClientReceivable, ProcessorClearing, 1_000);
    billing.refund(practice, payment, day(1, 6), to_card).await;
    billing.refund(practice, payment, day(1, 7), to_card).await;
    let to_credit = (ClientReceivable, ClientCredit, 3_000);
    billing
        .refund(practice, payment, day(1, 8), to_credit)
        .await;
    app.current().await;
    let report = app.report(app.report_request()).await;
    assert_eq!(row(&report.rows[0]), ("Card", 10_000, 2_000, 0));
    let months = app.months(None, None).await;
    assert_eq!(months[0].received, Some(usd(8_000)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r45_a_payment_that_came_on_another_day_is_in_the_report_and_revenue_of_that_day() {
    let app = TestApp::start().await;
    let (billing, practice) = (&app.billing, app.practice);
    billing.bill(practice, day(1, 5), 10_000, 0).await;
    let check = (PaymentKind::Check, "Check #1042");
    let payment = billing.pay(practice, check, day(2, 3), (4_000, 0)).await;
    let days = (day(2, 3), day(1, 30));
    billing
        .correct(practice, payment, days, (Checks, 4_000))
        .await;
    app.current().await;
    let january = ListPaymentsReportRequest {
        to_date: Some(day(1, 31)),
        ..app.report_request()
    };
    let february = ListPaymentsReportRequest {
        from_date: Some(day(2, 1)),
        ..app.report_request()
    };
    let report = app.report(january).await;
    assert_eq!(
        report.rows.iter().map(row).collect::<Vec<_>>(),
        [("Check", 4_000, 0, 0)]
    );
    assert_eq!(report.rows[0].receive_date, Some(day(1, 30)));
    assert_eq!(app.report(february).await.rows, []);
    let months = app.months(None, None).await;
    let received: Vec<_> = months
        .iter()
        .map(|it| (it.month, minor(&it.received)))
        .collect();
    assert_eq!(received.first(), Some(&(1, 4_000)));
    assert!(received[1..].iter().all(|(_, received)| *received == 0));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r45_a_decision_that_paid_nothing_is_no_payment() {
    let app = TestApp::start().await;
    app.billing.bill(app.practice, day(1, 5), 0, 5_000).await;
    app.billing.insurer(app.practice, day(1, 9), 0, 5_000).await;
    app.current().await;
    assert_eq!(app.report(app.report_request()).await.rows, []);
    let months = app.months(None, None).await;
    assert_eq!(months[0].billed, Some(usd(0)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r46_revenue_by_month_tells_accrual_from_cash() {
    let app = TestApp::start().await;
    app.billing.quarter(app.practice).await;
    app.current().await;
    let months = app.months(None, None).await;
    let figures: Vec<_> = months
        .iter()
        .map(|it| (it.year, it.month, minor(&it.billed), minor(&it.received)))
        .collect();
    assert_eq!(
        figures,
        [
            (2026, 1, 15_000, 4_000),
            (2026, 2, 9_000 - 3_500 - 500, 7_500 + 6_000),
            (2026, 3, 0, 2_500 - 1_200),
        ]
    );
    let received: i64 = figures.iter().map(|it| it.3).sum();
    let report = app.report(app.report_request()).await;
    let rows = report.rows.iter().map(row);
    assert_eq!(received, rows.map(|row| row.1 - row.2).sum::<i64>());

    let part = app.months(Some(day(2, 11)), Some(day(2, 28))).await;
    assert_eq!(part.len(), 1);
    assert_eq!(part[0].billed, Some(usd(8_500)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r48_account_totals_equal_the_transfers_and_say_up_to_which_event() {
    let app = TestApp::start().await;
    app.billing.quarter(app.practice).await;
    let totals = app.current().await;
    assert_eq!(figures(&totals), app.billing.trial_balance(app.practice));
    let sum = |side: fn(&(i32, i64, i64)) -> i64| figures(&totals).iter().map(side).sum::<i64>();
    assert_eq!(sum(|it| it.1), sum(|it| it.2));
    assert_eq!(totals.billing_sequence, 14);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_practice_of_which_nothing_was_heard_has_empty_reports() {
    let app = TestApp::start().await;
    let report = app.report(app.report_request()).await;
    assert_eq!((report.rows.len(), report.events_behind), (0, 0));
    assert_eq!(app.months(None, None).await, []);
    assert_eq!(app.totals().await.totals, []);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clinician_reads_no_reports() {
    let app = TestApp::start().await;
    let mut reports = app.reports_as(Role::Clinician, app.practice);
    let refused = reports.list_payments_report(app.report_request()).await;
    assert_eq!(refused.expect_err("refused").code(), Code::PermissionDenied);
    app.finish().await;
}
