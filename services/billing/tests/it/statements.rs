use crate::app::{TODAY, TestApp, minor, reason, usd};
use crate::documents::{decision, pdf};
use proto::billing::v1::{
    ApplyCreditRequest, Bill, DownloadStatementRequest, GetStatementRequest, GetStatementResponse,
    PostPaymentRequest,
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
