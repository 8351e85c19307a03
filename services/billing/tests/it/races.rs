use crate::app::{TODAY, TestApp, minor, reason, usd};
use futures::future::{BoxFuture, FutureExt as _, join_all};
use proto::billing::v1::{
    ApplyCreditRequest, Bill, CancelBillRequest, InsurerDecision, RecordInsurerPaymentRequest,
};
use testkit::request_id;

/// Whether it went well; a refusal by a rule is fine, a failure of ours is not.
fn fair<T: std::fmt::Debug>(answer: Result<T, tonic::Status>) -> bool {
    let Err(status) = answer else { return true };
    let code = status.code();
    let reason = reason::<()>(Err(status));
    assert_eq!(code, tonic::Code::FailedPrecondition, "{reason}");
    false
}

fn acts<'a>(app: &'a TestApp, bill: &Bill) -> Vec<BoxFuture<'a, bool>> {
    let (practice_id, bill_id) = (app.practice.to_string(), bill.bill_id.clone());
    let payment = app.payment(7_000, &[(bill, 7_000)]);
    let mut half = app.refund_request(&payment, 3_500);
    half.to_credit = minor(&bill.total) % 2 == 0;
    let rest = app.refund_request(&payment, 3_500);
    let credit = ApplyCreditRequest {
        practice_id: practice_id.clone(),
        request_id: request_id(),
        bill_id: bill_id.clone(),
        amount: Some(usd(1_000)),
    };
    let decision = RecordInsurerPaymentRequest {
        practice_id: practice_id.clone(),
        request_id: request_id(),
        bill_id: bill_id.clone(),
        paid: Some(usd(5_000)),
        decision: Some(InsurerDecision {
            client_owes: Some(usd(2_500)),
        }),
        receive_date: Some(TODAY),
        ..RecordInsurerPaymentRequest::default()
    };
    let cancel = CancelBillRequest {
        practice_id,
        request_id: request_id(),
        bill_id,
        reason: String::new(),
    };
    vec![
        async move {
            let mut ledger = app.as_payments();
            let posted = fair(ledger.post_payment(payment).await);
            let (mut first, mut second) = (app.as_payments(), app.as_payments());
            let (half, rest) = tokio::join!(first.post_refund(half), second.post_refund(rest));
            posted && fair(half) && fair(rest)
        }
        .boxed(),
        async move { fair(app.ledger().apply_credit(credit).await) }.boxed(),
        async move { fair(app.ledger().record_insurer_payment(decision).await) }.boxed(),
        async move { fair(app.bills().cancel_bill(cancel).await) }.boxed(),
    ]
}

/// F7, F8: payment × refund × credit × decision × cancellation at once, on bills of one client.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r18_everything_at_once_on_the_same_bills_leaves_honest_books() {
    let app = TestApp::start().await;
    app.post(&app.payment(6_000, &[])).await;
    for _ in 0..6 {
        let bills = [
            app.issue(4_000, 11_000).await,
            app.issue(4_000, 11_001).await,
            app.issue(4_000, 11_000).await,
        ];
        let all: Vec<_> = bills.iter().flat_map(|bill| acts(&app, bill)).collect();
        join_all(all).await;
        assert_eq!(app.violations().await, []);
    }
    app.finish().await;
}
