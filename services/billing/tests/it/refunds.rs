use crate::app::{TestApp, due, minor, reason, usd};
use futures::future::join_all;
use proto::billing::v1::{AccountKind, ApplyCreditRequest, BillStatus, PostRefundRequest};
use testkit::request_id;

#[tokio::test]
async fn r25_a_refund_opens_its_bill_again() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let payment = app.payment(4_000, &[(&bill, 4_000)]);
    app.post(&payment).await;
    let entry = app.refund(&payment, 1_000).await.entry.expect("an entry");
    assert_eq!(
        entry.transfers[0].credit_account_kind(),
        AccountKind::ProcessorClearing
    );
    assert_eq!(due(&app.bill(&bill).await), (1_000, 0, BillStatus::Open));
    app.finish().await;
}

#[tokio::test]
async fn r25_credit_goes_back_first_then_the_last_bill() {
    let app = TestApp::start().await;
    let (first, last) = (app.issue(4_000, 0).await, app.issue(2_000, 0).await);
    let payment = app.payment(7_000, &[(&first, 4_000), (&last, 3_000)]);
    app.post(&payment).await;
    app.refund(&payment, 3_500).await;
    assert_eq!(app.credit().await, 0);
    assert_eq!(due(&app.bill(&last).await), (2_000, 0, BillStatus::Open));
    assert_eq!(due(&app.bill(&first).await), (500, 0, BillStatus::Open));
    app.finish().await;
}

#[tokio::test]
async fn r25_a_refund_of_credit_that_was_used_opens_the_bill_it_paid() {
    let app = TestApp::start().await;
    let payment = app.payment(1_000, &[]);
    app.post(&payment).await;
    let bill = app.issue(1_000, 0).await;
    let apply = ApplyCreditRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        amount: Some(usd(1_000)),
    };
    app.ledger().apply_credit(apply).await.expect("applied");
    app.refund(&payment, 1_000).await;
    assert_eq!(due(&app.bill(&bill).await), (1_000, 0, BillStatus::Open));
    app.finish().await;
}

#[tokio::test]
async fn r25_a_refund_to_credit_keeps_the_money_with_the_practice() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let payment = app.payment(4_000, &[(&bill, 4_000)]);
    app.post(&payment).await;
    let refund = PostRefundRequest {
        to_credit: true,
        ..app.refund_request(&payment, 4_000)
    };
    app.as_payments().post_refund(refund).await.expect("booked");
    assert_eq!(due(&app.bill(&bill).await), (4_000, 0, BillStatus::Open));
    assert_eq!(minor(&app.balance().await.credit), 4_000);
    app.finish().await;
}

#[tokio::test]
async fn r25_the_same_refund_is_booked_once_and_refunds_never_exceed_the_payment() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let payment = app.payment(4_000, &[(&bill, 4_000)]);
    let unknown = app.refund_request(&payment, 1);
    assert_eq!(
        reason(app.as_payments().post_refund(unknown).await),
        "PAYMENT_NOT_FOUND"
    );
    app.post(&payment).await;
    let refund = app.refund_request(&payment, 1_000);
    let twins = (0..6).map(|_| {
        let (mut ledger, refund) = (app.as_payments(), refund.clone());
        async move {
            ledger
                .post_refund(refund)
                .await
                .expect("booked")
                .into_inner()
        }
    });
    let answers = join_all(twins).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let other = PostRefundRequest {
        amount: Some(usd(999)),
        ..refund
    };
    assert_eq!(
        reason(app.as_payments().post_refund(other).await),
        "REFUND_CHANGED"
    );

    let races = (0..6).map(|_| {
        let (mut ledger, refund) = (app.as_payments(), app.refund_request(&payment, 1_000));
        async move { ledger.post_refund(refund).await }
    });
    let (booked, refused): (Vec<_>, Vec<_>) =
        join_all(races).await.into_iter().partition(Result::is_ok);
    assert_eq!((booked.len(), refused.len()), (3, 3));
    for refusal in refused {
        assert_eq!(reason(refusal), "EXCEEDS_PAYMENT");
    }
    assert_eq!(due(&app.bill(&bill).await), (4_000, 0, BillStatus::Open));
    app.finish().await;
}
