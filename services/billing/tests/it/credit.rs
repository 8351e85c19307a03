use crate::app::{TestApp, due, minor, reason, usd};
use futures::future::join_all;
use proto::billing::v1::{ApplyCreditRequest, Bill, BillStatus};
use testkit::request_id;

fn apply(app: &TestApp, bill: &Bill, amount: i64) -> ApplyCreditRequest {
    ApplyCreditRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        amount: Some(usd(amount)),
    }
}

#[tokio::test]
async fn r23_credit_pays_the_next_bill() {
    let app = TestApp::start().await;
    app.post(&app.payment(1_500, &[])).await;
    let bill = app.issue(4_000, 0).await;
    let request = apply(&app, &bill, 1_500);
    let applied = app
        .ledger()
        .apply_credit(request.clone())
        .await
        .expect("applied")
        .into_inner();
    assert_eq!(minor(&applied.credit), 0);
    assert_eq!(
        due(applied.bill.as_ref().expect("a bill")),
        (2_500, 0, BillStatus::Open)
    );
    let again = app
        .ledger()
        .apply_credit(request.clone())
        .await
        .expect("replayed")
        .into_inner();
    assert_eq!(again, applied);
    let other = ApplyCreditRequest {
        amount: Some(usd(1)),
        ..request
    };
    assert_eq!(
        reason(app.ledger().apply_credit(other).await),
        "REQUEST_ID_REUSED"
    );
    app.finish().await;
}

#[tokio::test]
async fn r23_neither_more_than_the_credit_nor_more_than_is_due_is_used() {
    let app = TestApp::start().await;
    app.post(&app.payment(1_500, &[])).await;
    let (large, small) = (app.issue(4_000, 0).await, app.issue(1_000, 0).await);
    assert_eq!(
        reason(app.ledger().apply_credit(apply(&app, &large, 1_501)).await),
        "EXCEEDS_CREDIT"
    );
    assert_eq!(
        reason(app.ledger().apply_credit(apply(&app, &small, 1_001)).await),
        "EXCEEDS_CLIENT_BALANCE"
    );
    assert_eq!(
        reason(app.ledger().apply_credit(apply(&app, &small, 0)).await),
        "INVALID_FIELD"
    );
    app.finish().await;
}

#[tokio::test]
async fn r23_credit_used_on_many_bills_at_once_is_never_used_twice() {
    let app = TestApp::start().await;
    app.post(&app.payment(3_000, &[])).await;
    let mut bills = Vec::new();
    for _ in 0..8 {
        bills.push(app.issue(1_000, 0).await);
    }
    let uses = bills.iter().map(|bill| {
        let (mut ledger, request) = (app.ledger(), apply(&app, bill, 1_000));
        async move { ledger.apply_credit(request).await }
    });
    let (used, refused): (Vec<_>, Vec<_>) =
        join_all(uses).await.into_iter().partition(Result::is_ok);
    assert_eq!((used.len(), refused.len()), (3, 5));
    for refusal in refused {
        assert_eq!(reason(refusal), "EXCEEDS_CREDIT");
    }
    assert_eq!(app.credit().await, 0);
    app.finish().await;
}

#[tokio::test]
async fn r23_what_an_online_payment_has_set_aside_is_not_paid_by_credit_too() {
    let app = TestApp::start().await;
    app.post(&app.payment(3_000, &[])).await;
    let bill = app.issue(4_000, 0).await;
    let hold = app.hold(&bill, 2_500);
    app.as_payments().place_hold(hold).await.expect("held");
    assert_eq!(
        reason(app.ledger().apply_credit(apply(&app, &bill, 1_501)).await),
        "PAYMENT_IN_PROGRESS"
    );
    let rest = app.ledger().apply_credit(apply(&app, &bill, 1_500)).await;
    assert_eq!(minor(&rest.expect("applied").into_inner().credit), 1_500);
    app.finish().await;
}
