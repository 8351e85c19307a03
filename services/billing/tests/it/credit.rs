use crate::app::{TestApp, due, minor, reason, usd};
use futures::future::join_all;
use proto::billing::v1::ledger_service_client::LedgerServiceClient;
use proto::billing::v1::{
    ApplyCreditRequest, Bill, BillStatus, ReverseCreditRequest, ReverseCreditResponse,
};
use testkit::request_id;
use tonic::Status;

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

impl TestApp {
    /// Credit to be taken off again; all of it when nobody says how much.
    pub fn reversal(&self, bill: &Bill, amount: Option<i64>) -> ReverseCreditRequest {
        ReverseCreditRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.bill_id.clone(),
            amount: amount.map(usd),
            reason: "Used for the wrong bill".to_owned(),
        }
    }

    pub async fn take_off(
        &self,
        request: ReverseCreditRequest,
    ) -> Result<ReverseCreditResponse, Status> {
        Ok(self.ledger().reverse_credit(request).await?.into_inner())
    }
}

#[tokio::test]
async fn r23_credit_is_taken_off_a_bill_again_which_can_then_be_cancelled() {
    let app = TestApp::start().await;
    app.post(&app.payment(4_000, &[])).await;
    let bill = app.issue(4_000, 0).await;
    let used = app.ledger().apply_credit(apply(&app, &bill, 4_000)).await;
    used.expect("applied");
    let request = app.reversal(&bill, Some(1_500));
    let reversed = app.take_off(request.clone()).await.expect("taken off");
    assert_eq!(minor(&reversed.credit), 1_500);
    assert_eq!(
        due(reversed.bill.as_ref().expect("a bill")),
        (1_500, 0, BillStatus::Open)
    );
    let again = app.take_off(request.clone()).await.expect("replayed");
    assert_eq!(again, reversed);
    let other = ReverseCreditRequest {
        amount: Some(usd(1)),
        ..request
    };
    assert_eq!(reason(app.take_off(other).await), "REQUEST_ID_REUSED");

    let rest = app.take_off(app.reversal(&bill, None)).await;
    assert_eq!(minor(&rest.expect("taken off").credit), 4_000);
    app.cancel(&bill).await;
    assert_eq!(app.credit().await, 4_000, "it is the client's");
    let statement = app.statement_request(None, None);
    let statement = app.documents().get_statement(statement).await;
    let statement = statement.expect("read").into_inner();
    assert_eq!(minor(&statement.closing_balance), -4_000);
    app.finish().await;
}

#[tokio::test]
async fn r23_no_more_credit_is_taken_off_than_was_used() {
    let app = TestApp::start().await;
    app.post(&app.payment(3_000, &[])).await;
    let (bill, unpaid) = (app.issue(4_000, 0).await, app.issue(2_000, 0).await);
    let used = app.ledger().apply_credit(apply(&app, &bill, 3_000)).await;
    used.expect("applied");
    for (request, refused) in [
        (app.reversal(&bill, Some(3_001)), "EXCEEDS_APPLIED_CREDIT"),
        (app.reversal(&unpaid, None), "EXCEEDS_APPLIED_CREDIT"),
        (app.reversal(&unpaid, Some(1)), "EXCEEDS_APPLIED_CREDIT"),
        (app.reversal(&bill, Some(0)), "INVALID_FIELD"),
    ] {
        assert_eq!(reason(app.take_off(request).await), refused);
    }
    app.cancel(&unpaid).await;
    let refused = app.take_off(app.reversal(&unpaid, None)).await;
    assert_eq!(reason(refused), "BILL_CANCELLED");
    let stranger = ids::PracticeId::new(&app.clock);
    app.register(stranger).await;
    let theirs = ReverseCreditRequest {
        practice_id: stranger.to_string(),
        ..app.reversal(&bill, None)
    };
    let mut ledger = LedgerServiceClient::new(app.owner_of(stranger));
    assert_eq!(
        reason(ledger.reverse_credit(theirs).await),
        "BILL_NOT_FOUND"
    );

    let reversals = (0..5).map(|_| app.take_off(app.reversal(&bill, Some(1_000))));
    let (done, refused): (Vec<_>, Vec<_>) = join_all(reversals)
        .await
        .into_iter()
        .partition(Result::is_ok);
    assert_eq!((done.len(), refused.len()), (3, 2));
    assert_eq!(app.credit().await, 3_000);
    app.finish().await;
}

#[tokio::test]
async fn r23_credit_taken_off_and_refunds_of_its_payment_at_once_stay_exact() {
    let app = TestApp::start().await;
    for _ in 0..4 {
        let payment = app.payment(3_000, &[]);
        app.post(&payment).await;
        let bill = app.issue(3_000, 0).await;
        let used = app.ledger().apply_credit(apply(&app, &bill, 3_000)).await;
        used.expect("applied");
        // Whichever comes first: the refund takes what is free again, and opens what credit still pays.
        let (_, reversed) = tokio::join!(
            app.refund(&payment, 2_000),
            app.take_off(app.reversal(&bill, Some(1_500)))
        );
        if let Err(refused) = &reversed {
            assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused}");
        }
        let bill = app.bill(&bill).await;
        let owed = minor(&bill.client_balance);
        assert_eq!((owed, app.credit().await), (2_000, 0));
        app.post(&app.payment(owed, &[(&bill, owed)])).await;
    }
    app.finish().await;
}
