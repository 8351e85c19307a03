use crate::app::{TestApp, day, reason};
use proto::billing::v1::PaymentKind::Check;
use proto::reporting::v1::ListPaymentsReportRequest;

#[tokio::test(flavor = "multi_thread")]
async fn r45_pages_have_every_payment_once_in_order_of_days() {
    let app = TestApp::start().await;
    // Booked in no order of days, five on each.
    for number in 0..20 {
        let date = day(3, 1 + (number * 7) % 4);
        let check = (Check, "Check");
        app.billing
            .pay(app.practice, check, date, (100 + i64::from(number), 0))
            .await;
    }
    app.current().await;
    let whole = app.report(app.report_request()).await;
    let (mut rows, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = app
            .report(ListPaymentsReportRequest {
                page_size: 3,
                page_token: token,
                ..app.report_request()
            })
            .await;
        assert_eq!(page.totals, whole.totals, "totals are of the whole range");
        rows.extend(page.rows);
        pages += 1;
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!((pages, rows.len()), (7, 20));
    assert_eq!(rows, whole.rows);
    let days: Vec<_> = rows
        .iter()
        .map(|row| row.receive_date.map(|it| it.day))
        .collect();
    assert!(days.is_sorted());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_with_another_filter_is_refused() {
    let app = TestApp::start().await;
    app.billing.quarter(app.practice).await;
    app.current().await;
    let first = ListPaymentsReportRequest {
        page_size: 1,
        ..app.report_request()
    };
    let token = app.report(first.clone()).await.next_page_token;
    assert!(!token.is_empty());
    let larger = ListPaymentsReportRequest {
        page_size: 2,
        page_token: token.clone(),
        ..first.clone()
    };
    assert_eq!(app.report(larger.clone()).await.rows.len(), 2);
    for refused in [
        ListPaymentsReportRequest {
            to_date: Some(day(3, 31)),
            ..larger.clone()
        },
        ListPaymentsReportRequest {
            page_token: format!("{token}A"),
            ..larger
        },
    ] {
        let answer = app.reports().list_payments_report(refused).await;
        assert_eq!(reason(answer), "PAGE_TOKEN_INVALID");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_ends_before_it_begins_and_a_negative_page_are_refused() {
    let app = TestApp::start().await;
    for wrong in [
        ListPaymentsReportRequest {
            from_date: Some(day(3, 2)),
            to_date: Some(day(3, 1)),
            ..app.report_request()
        },
        ListPaymentsReportRequest {
            to_date: Some(day(2, 30)),
            ..app.report_request()
        },
        ListPaymentsReportRequest {
            page_size: -1,
            ..app.report_request()
        },
    ] {
        let answer = app.reports().list_payments_report(wrong).await;
        assert_eq!(reason(answer), "INVALID_FIELD");
    }
    app.finish().await;
}
