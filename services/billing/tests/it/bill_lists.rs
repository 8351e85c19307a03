use crate::app::{TODAY, TestApp, minor, reason};
use proto::billing::v1::{BillStatus, ListBillsRequest};
use proto::google::r#type::Date;

#[tokio::test]
async fn r08_the_open_list_has_pages_and_totals_of_all_of_them() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        app.issue(4_000, 1_000).await;
    }
    let paid = app.issue(500, 0).await;
    app.post(&app.payment(500, &[(&paid, 500)])).await;
    let mut request = ListBillsRequest {
        practice_id: app.practice.to_string(),
        page_size: 2,
        statuses: vec![BillStatus::Open.into()],
        ..ListBillsRequest::default()
    };
    let mut numbers = Vec::new();
    loop {
        let page = app
            .bills()
            .list_bills(request.clone())
            .await
            .expect("a page")
            .into_inner();
        assert_eq!(
            (page.total_count, minor(&page.total_client_balance)),
            (5, 20_000)
        );
        assert_eq!(minor(&page.total_insurance_balance), 5_000);
        numbers.extend(page.bills.iter().map(|bill| bill.number));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
        let mut elsewhere = request.clone();
        elsewhere.statuses = vec![BillStatus::Paid.into()];
        assert_eq!(
            reason(app.bills().list_bills(elsewhere).await),
            "PAGE_TOKEN_INVALID"
        );
    }
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
    app.finish().await;
}

impl TestApp {
    /// The numbers on all pages of two.
    async fn numbers(&self, mut request: ListBillsRequest) -> Vec<i64> {
        let mut numbers = Vec::new();
        request.practice_id = self.practice.to_string();
        request.page_size = 2;
        loop {
            let page = self.bills().list_bills(request.clone()).await;
            let page = page.expect("listed").into_inner();
            numbers.extend(page.bills.iter().map(|bill| bill.number));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return numbers;
            }
        }
    }
}

#[tokio::test]
async fn r08_bills_are_found_and_listed_in_every_order_page_by_page() {
    let app = TestApp::start().await;
    let mut issued = Vec::new();
    for (price, due) in [
        (3_000, 20),
        (1_000, 10),
        (2_000, 10),
        (2_000, 15),
        (5_000, 5),
    ] {
        let mut request = app.product_request(price);
        request.due_date = Some(Date { day: due, ..TODAY });
        let bill = app.bills().issue_bill(request).await.expect("issued");
        issued.push(bill.into_inner().bill.expect("a bill"));
    }
    app.post(&app.payment(3_000, &[(&issued[0], 3_000)])).await;
    for (order_by, expected) in [
        ("", [5, 4, 3, 2, 1]),
        ("number", [1, 2, 3, 4, 5]),
        ("due_date", [5, 3, 2, 4, 1]),
        ("due_date desc", [1, 4, 3, 2, 5]),
        ("total desc", [5, 1, 4, 3, 2]),
        ("client_balance", [1, 2, 4, 3, 5]),
    ] {
        let request = ListBillsRequest {
            order_by: order_by.to_owned(),
            ..ListBillsRequest::default()
        };
        assert_eq!(app.numbers(request).await, expected, "{order_by}");
    }
    let past_due = ListBillsRequest {
        client_balance_only: true,
        due_before_date: Some(Date { day: 15, ..TODAY }),
        order_by: "due_date".to_owned(),
        ..ListBillsRequest::default()
    };
    assert_eq!(app.numbers(past_due).await, [5, 3, 2]);
    let typed = issued[2].reference.to_lowercase().replace('-', " ");
    let by_reference = ListBillsRequest {
        reference: typed,
        ..ListBillsRequest::default()
    };
    assert_eq!(app.numbers(by_reference).await, [3]);
    let by_number = ListBillsRequest {
        number: 4,
        ..ListBillsRequest::default()
    };
    assert_eq!(app.numbers(by_number).await, [4]);
    let ahead = ListBillsRequest {
        from_issue_date: Some(Date { day: 3, ..TODAY }),
        ..ListBillsRequest::default()
    };
    assert!(app.numbers(ahead).await.is_empty());
    let wrong = ListBillsRequest {
        practice_id: app.practice.to_string(),
        order_by: "name".to_owned(),
        ..ListBillsRequest::default()
    };
    assert_eq!(reason(app.bills().list_bills(wrong).await), "INVALID_FIELD");
    app.finish().await;
}
