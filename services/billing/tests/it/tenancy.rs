use crate::app::{TestApp, reason};
use ids::PracticeId;
use proto::billing::v1::bill_service_client::BillServiceClient;
use proto::billing::v1::ledger_service_client::LedgerServiceClient;
use proto::billing::v1::{
    CancelBillRequest, GetBillRequest, GetClientBalanceRequest, IssueBillRequest, ShareBillRequest,
};
use testkit::request_id;

#[tokio::test]
async fn r41_what_is_another_practices_is_not_there() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let (client, _) = app.insured_client(stranger).await;
    let mut bills = BillServiceClient::new(app.owner_of(stranger));
    let mut ledger = LedgerServiceClient::new(app.owner_of(stranger));

    let read = GetBillRequest {
        practice_id: stranger.to_string(),
        bill_id: bill.bill_id.clone(),
    };
    assert_eq!(reason(bills.get_bill(read.clone()).await), "BILL_NOT_FOUND");
    let theirs = GetBillRequest {
        practice_id: app.practice.to_string(),
        ..read
    };
    assert_eq!(reason(bills.get_bill(theirs).await), "PRACTICE_UNKNOWN");
    let cancel = CancelBillRequest {
        practice_id: stranger.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        reason: String::new(),
    };
    assert_eq!(reason(bills.cancel_bill(cancel).await), "BILL_NOT_FOUND");
    let share = ShareBillRequest {
        practice_id: stranger.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        ..ShareBillRequest::default()
    };
    assert_eq!(reason(bills.share_bill(share).await), "BILL_NOT_FOUND");
    let balance = GetClientBalanceRequest {
        practice_id: stranger.to_string(),
        client_id: app.client.to_string(),
    };
    assert_eq!(
        reason(ledger.get_client_balance(balance).await),
        "CLIENT_NOT_FOUND"
    );
    let session = app.session(app.practice, app.client, 100).await;
    let mut issue = app.bill_request(100, 0).await;
    issue.sessions[0].session_id = session.to_string();
    let issue = IssueBillRequest {
        practice_id: stranger.to_string(),
        client_id: client.to_string(),
        ..issue
    };
    assert_eq!(reason(bills.issue_bill(issue).await), "SESSION_NOT_FOUND");

    let mut payment = app.payment(4_000, &[(&bill, 4_000)]);
    (payment.practice_id, payment.client_id) = (stranger.to_string(), client.to_string());
    assert!(
        app.post(&payment).await.allocations.is_empty(),
        "money for another practice's bill is credit"
    );
    app.finish().await;
}

#[tokio::test]
async fn r41_the_database_shows_no_row_of_another_practice_even_without_a_where() {
    let app = TestApp::start().await;
    app.issue(4_000, 0).await;
    let stranger = PracticeId::new(&app.clock);
    let mut tx = pg::begin(&app.billing.db, stranger)
        .await
        .expect("a transaction");
    for table in [
        "practices",
        "clients",
        "sessions",
        "bills",
        "bill_lines",
        "accounts",
        "entries",
        "transfers",
    ] {
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select count(*) from billing.{table}"
        )))
        .fetch_one(&mut *tx)
        .await
        .expect("counted");
        assert_eq!(count, 0, "{table}");
    }
    drop(tx);
    app.finish().await;
}

#[tokio::test]
async fn r44_history_can_be_neither_changed_nor_deleted_by_the_service() {
    let app = TestApp::start().await;
    app.issue(4_000, 0).await;
    for statement in [
        "update billing.transfers set amount_minor = 1",
        "delete from billing.transfers",
        "update billing.entries set kind = 'refund'",
        "delete from billing.entries",
        "delete from billing.accounts",
        "delete from billing.bills",
        "update billing.bills set number = 1",
        "delete from billing.adjustments",
        "update billing.adjustments set amount_minor = 1",
        "update billing.bill_changes set made_by = 'nobody'",
        "delete from billing.outbox",
        "update billing.import_items set amount_minor = 1",
        "delete from billing.import_items",
        "delete from billing.imports",
        "delete from billing.clients",
    ] {
        let mut tx = pg::begin(&app.billing.db, app.practice)
            .await
            .expect("a transaction");
        let error = sqlx::query(statement)
            .execute(&mut *tx)
            .await
            .expect_err(statement);
        assert_eq!(
            error
                .as_database_error()
                .and_then(|error| error.code())
                .as_deref(),
            Some("42501"),
            "{statement}"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn r01_a_practice_that_is_not_known_yet_is_worth_another_try() {
    let app = TestApp::start().await;
    let unknown = PracticeId::new(&app.clock);
    let mut bills = BillServiceClient::new(app.owner_of(unknown));
    let request = IssueBillRequest {
        practice_id: unknown.to_string(),
        ..app.product_request(100)
    };
    let status = bills.issue_bill(request).await.expect_err("not known");
    assert_eq!(status.code(), tonic::Code::Unavailable);
    assert_eq!(reason::<()>(Err(status)), "PRACTICE_NOT_YET_KNOWN");
    app.finish().await;
}
