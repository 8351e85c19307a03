use crate::app::{TODAY, TestApp, minor, reason, usd};
use crate::documents::{decision, pdf, says};
use crate::importing::CLIENTS;
use proto::billing::v1::{
    ApplyCreditRequest, Bill, DownloadStatementRequest, GetStatementRequest, GetStatementResponse,
    ImportFileKind, MovementKind, PostPaymentRequest, StreamStatementRequest,
};
use proto::google::r#type::Date;
use testkit::request_id;

impl TestApp {
    pub fn statement_request(&self, from: Option<Date>, to: Option<Date>) -> GetStatementRequest {
        GetStatementRequest {
            practice_id: self.practice.to_string(),
            client_id: self.client.to_string(),
            from_date: from,
            to_date: to,
            comments: String::new(),
        }
    }

    async fn statement(&self, from: Option<Date>, to: Option<Date>) -> GetStatementResponse {
        let request = self.statement_request(from, to);
        let read = self.documents().get_statement(request).await.expect("read");
        let statement = read.into_inner();
        let mut balance = minor(&statement.opening_balance);
        for movement in &statement.movements {
            balance += minor(&movement.amount);
            assert_eq!(minor(&movement.balance), balance, "{movement:?}");
        }
        assert_eq!(minor(&statement.closing_balance), balance, "it adds up");
        let totals = statement.totals.as_ref().expect("totals");
        let kinds = [
            &totals.billed,
            &totals.insurance,
            &totals.adjustments,
            &totals.paid,
            &totals.credits,
            &totals.refunds,
            &totals.brought,
        ];
        let moved: i64 = kinds.into_iter().map(minor).sum();
        let opening = minor(&statement.opening_balance);
        assert_eq!(opening + moved, balance, "and by kind");
        statement
    }
}

/// Two bills paid with $10 too much, a decision that frees $15, credit for a third bill, and $15 given back.
async fn history(app: &TestApp) -> [Bill; 3] {
    let (first, second) = (app.issue(4_000, 11_000).await, app.issue(6_000, 0).await);
    let payment = PostPaymentRequest {
        receive_date: Some(Date { day: 3, ..TODAY }),
        ..app.payment(11_000, &[(&first, 4_000), (&second, 6_000)])
    };
    app.post(&payment).await;
    app.ledger()
        .record_insurer_payment(decision(app, &first, (7_500, 2_500)))
        .await
        .expect("recorded");
    let third = app.issue(2_000, 0).await;
    let credit = ApplyCreditRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: third.bill_id.clone(),
        amount: Some(usd(2_000)),
    };
    app.ledger().apply_credit(credit).await.expect("applied");
    app.refund(&payment, 1_500).await;
    [first, second, third]
}

const LAST_DAY: Date = Date { day: 31, ..TODAY };

#[tokio::test]
async fn r14_a_statement_tells_what_happened_and_ends_at_the_ledgers_balance() {
    let app = TestApp::start().await;
    let bills = history(&app).await;
    let statement = app.statement(None, Some(LAST_DAY)).await;
    let told: Vec<_> = statement
        .movements
        .iter()
        .map(|movement| (movement.description.as_str(), minor(&movement.amount)))
        .collect();
    let [first, second, third] =
        bills.map(|bill| format!("Bill {} · Invoice # {}", bill.number, bill.reference));
    assert_eq!(
        told,
        [
            (first.as_str(), 4_000),
            (second.as_str(), 6_000),
            (third.as_str(), 2_000),
            ("Refund · of Visa ending in 4242", 1_500),
            (
                "Payment, thank you · Visa ending in 4242 for bills 1, 2",
                -11_000
            ),
            ("Insurance decision on bill 1 · Aetna", -1_500),
        ]
    );
    let balance = app.balance().await;
    let owed_less_credit = minor(&balance.owed) - minor(&balance.credit);
    assert_eq!(minor(&statement.closing_balance), owed_less_credit);
    app.finish().await;
}

#[tokio::test]
async fn r14_statements_of_two_periods_are_the_statement_of_both() {
    let app = TestApp::start().await;
    history(&app).await;
    let whole = app.statement(None, Some(LAST_DAY)).await;
    let first = app
        .statement(Some(Date { day: 1, ..TODAY }), Some(TODAY))
        .await;
    let second = app
        .statement(Some(Date { day: 3, ..TODAY }), Some(LAST_DAY))
        .await;
    assert_eq!(first.closing_balance, second.opening_balance);
    assert_eq!(second.closing_balance, whole.closing_balance);
    let both: Vec<_> = first.movements.iter().chain(&second.movements).collect();
    assert_eq!(both, whole.movements.iter().collect::<Vec<_>>());
    let today = app.statement(None, None).await;
    assert_eq!(today.closing_balance, first.closing_balance, "until today");

    let request = DownloadStatementRequest {
        practice_id: app.practice.to_string(),
        client_id: app.client.to_string(),
        from_date: None,
        to_date: Some(LAST_DAY),
        comments: "Thank you for\nyour trust.".to_owned(),
    };
    let answer = app.documents().download_statement(request.clone()).await;
    let printed = pdf(answer.expect("rendered"), |answer| answer.body);
    let again = app.documents().download_statement(request).await;
    assert_eq!(pdf(again.expect("rendered"), |answer| answer.body), printed);
    app.finish().await;
}

#[tokio::test]
async fn r14_a_statement_of_nothing_is_nothing_and_one_that_cannot_be_is_refused() {
    let app = TestApp::start().await;
    let nothing = app.statement(None, None).await;
    assert_eq!(nothing.movements, []);
    assert_eq!(minor(&nothing.closing_balance), 0);
    let empty = DownloadStatementRequest {
        practice_id: app.practice.to_string(),
        client_id: app.client.to_string(),
        from_date: None,
        to_date: None,
        comments: String::new(),
    };
    let answer = app.documents().download_statement(empty).await;
    pdf(answer.expect("rendered"), |answer| answer.body);

    let backwards = app.statement_request(Some(Date { day: 3, ..TODAY }), None);
    assert_eq!(
        reason(app.documents().get_statement(backwards).await),
        "INVALID_FIELD"
    );
    let nobodys = GetStatementRequest {
        client_id: "cli_01j2jv5gymfay8vvr14d2pf2db".to_owned(),
        ..app.statement_request(None, None)
    };
    assert_eq!(
        reason(app.documents().get_statement(nobodys).await),
        "CLIENT_NOT_FOUND"
    );
    app.finish().await;
}

#[tokio::test]
async fn r14_a_statement_sums_up_by_kind_and_has_the_practices_comments() {
    let app = TestApp::start().await;
    history(&app).await;
    let request = GetStatementRequest {
        comments: "Thank you for your trust.".to_owned(),
        ..app.statement_request(None, Some(LAST_DAY))
    };
    let read = app.documents().get_statement(request.clone()).await;
    let statement = read.expect("read").into_inner();
    assert_eq!(statement.comments, "Thank you for your trust.");
    let totals = statement.totals.as_ref().expect("totals");
    assert_eq!(
        [
            &totals.billed,
            &totals.insurance,
            &totals.adjustments,
            &totals.paid,
            &totals.credits,
            &totals.refunds,
            &totals.brought,
        ]
        .map(minor),
        [12_000, -1_500, 0, -11_000, 0, 1_500, 0]
    );
    let kinds: Vec<_> = statement
        .movements
        .iter()
        .map(|moved| moved.kind())
        .collect();
    assert_eq!(kinds[..3], [MovementKind::Charge; 3]);
    assert!(kinds.contains(&MovementKind::Insurance) && kinds.contains(&MovementKind::Refund));
    let balance = statement.balance.as_ref().expect("a balance");
    assert_eq!(balance.text, "Balance: $10.00");

    let printed = app.streamed(&request).await;
    for told in [
        "Thank you for your trust.",
        "Balance: $10.00",
        "$10.00 is due.",
        "Opening balance",
        "Insurance decision on bill 1",
        "Ada Lovelace",
    ] {
        assert!(says(&printed, told), "{told}");
    }
    let card = GetStatementRequest {
        comments: "4242 4242 4242 4242".to_owned(),
        ..request
    };
    assert_eq!(
        reason(app.documents().get_statement(card).await),
        "CARD_NUMBER_IN_TEXT"
    );
    app.finish().await;
}

impl TestApp {
    /// The PDF of a statement, put together from its pieces.
    async fn streamed(&self, request: &GetStatementRequest) -> Vec<u8> {
        let request = StreamStatementRequest {
            practice_id: request.practice_id.clone(),
            client_id: request.client_id.clone(),
            from_date: request.from_date,
            to_date: request.to_date,
            comments: request.comments.clone(),
        };
        let answer = self.documents().stream_statement(request).await;
        let answer = answer.expect("rendered");
        assert!(answer.metadata().contains_key("content-disposition"));
        let mut pieces = answer.into_inner();
        let mut whole = Vec::new();
        while let Some(piece) = pieces.message().await.expect("a piece") {
            let body = piece.body.expect("a body");
            assert!(body.data.len() <= 64 * 1024, "a piece is small");
            whole.extend_from_slice(&body.data);
        }
        whole
    }
}

#[tokio::test]
async fn r14_a_statement_of_years_streams_the_bytes_of_the_single_message() {
    let app = TestApp::start().await;
    for _ in 0..60 {
        app.issue(4_000, 0).await;
    }
    let request = app.statement_request(None, None);
    let whole = DownloadStatementRequest {
        practice_id: request.practice_id.clone(),
        client_id: request.client_id.clone(),
        ..DownloadStatementRequest::default()
    };
    let answer = app.documents().download_statement(whole).await;
    let whole = pdf(answer.expect("rendered"), |answer| answer.body);
    assert!(whole.len() > 64 * 1024, "{} bytes", whole.len());
    assert_eq!(app.streamed(&request).await, whole);
    app.finish().await;
}

#[tokio::test]
async fn r14_a_statement_sums_up_what_was_brought_by_itself() {
    let app = TestApp::start().await;
    let brought = [
        (ImportFileKind::Clients, CLIENTS),
        (
            ImportFileKind::OpeningBalances,
            "client_id,amount,as_of_date\nC-1,40.00,2026-02-27\n",
        ),
        (
            ImportFileKind::Credits,
            "client_id,amount,date\nC-1,25.50,2026-02-27\n",
        ),
    ];
    app.taken(&brought).await;
    let client = app.client_named("C-1").await.expect("a client");
    let request = GetStatementRequest {
        client_id: client.client_id,
        ..app.statement_request(None, None)
    };
    let read = app.documents().get_statement(request.clone()).await;
    let statement = read.expect("read").into_inner();
    let totals = statement.totals.as_ref().expect("totals");
    assert_eq!(
        [&totals.brought, &totals.credits, &totals.billed].map(minor),
        [4_000, -2_550, 0]
    );
    assert_eq!(minor(&statement.closing_balance), 1_450);
    let printed = app.streamed(&request).await;
    for told in ["Brought from the former system", "$40.00", "$14.50"] {
        assert!(says(&printed, told), "{told}");
    }
    app.finish().await;
}

#[tokio::test]
async fn r14_a_payment_of_many_bills_counts_as_the_one_movement_that_it_is() {
    let app = TestApp::start().await;
    let mut bills = Vec::new();
    for _ in 0..200 {
        bills.push(app.issue(1_100, 0).await);
    }
    let wanted: Vec<_> = bills.iter().map(|bill| (bill, 100)).collect();
    for _ in 0..11 {
        app.post(&app.payment(20_000, &wanted)).await;
    }
    // 2,400 transfers, more than a statement may have movements.
    let statement = app.statement(None, None).await;
    assert_eq!(statement.movements.len(), 211);
    let paid: Vec<_> = statement
        .movements
        .iter()
        .map(|movement| minor(&movement.amount))
        .filter(|amount| *amount < 0)
        .collect();
    assert_eq!(paid, [-20_000; 11]);
    assert_eq!(minor(&statement.closing_balance), 0);
    app.finish().await;
}
