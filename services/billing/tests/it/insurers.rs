use crate::app::{TODAY, TestApp, due, minor, reason, usd};
use proto::billing::v1::{
    AccountKind, Bill, BillStatus, InsurerDecision, RecordInsurerPaymentRequest,
    RecordInsurerPaymentResponse,
};
use testkit::request_id;

fn eob(
    app: &TestApp,
    bill: &Bill,
    paid: i64,
    client_owes: Option<i64>,
) -> RecordInsurerPaymentRequest {
    RecordInsurerPaymentRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        paid: Some(usd(paid)),
        decision: client_owes.map(|owes| InsurerDecision {
            client_owes: Some(usd(owes)),
        }),
        receive_date: Some(TODAY),
        check_number: "EFT 77".to_owned(),
        note: String::new(),
    }
}

/// Debit, credit, amount.
type Moved = (AccountKind, AccountKind, i64);

const WORKED_EXAMPLE: [Moved; 4] = [
    (
        AccountKind::InsurancePayments,
        AccountKind::InsuranceReceivable,
        7_500,
    ),
    (
        AccountKind::ContractualAdjustments,
        AccountKind::InsuranceReceivable,
        3_500,
    ),
    (
        AccountKind::ContractualAdjustments,
        AccountKind::ClientReceivable,
        1_500,
    ),
    (
        AccountKind::ClientReceivable,
        AccountKind::ClientCredit,
        1_500,
    ),
];

fn moved(recorded: &RecordInsurerPaymentResponse) -> Vec<Moved> {
    let transfers = &recorded.entry.as_ref().expect("an entry").transfers;
    let moved = transfers.iter();
    moved
        .map(|moved| {
            (
                moved.debit_account_kind(),
                moved.credit_account_kind(),
                minor(&moved.amount),
            )
        })
        .collect()
}

/// The worked example of the rules of money.
#[tokio::test]
async fn r31_allowed_100_paid_75_and_the_client_overpaid_15() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 11_000).await;
    let payment = app.payment(4_000, &[(&bill, 4_000)]);
    app.post(&payment).await;
    let request = eob(&app, &bill, 7_500, Some(2_500));
    let recorded = app
        .ledger()
        .record_insurer_payment(request.clone())
        .await
        .expect("booked")
        .into_inner();
    assert_eq!(minor(&recorded.credited), 1_500);
    assert_eq!(moved(&recorded), WORKED_EXAMPLE);
    let after = recorded.bill.as_ref().expect("a bill");
    assert_eq!(due(after), (0, 0, BillStatus::Paid));
    assert_eq!(
        (minor(&after.client_owes), minor(&after.insurance_owes)),
        (2_500, 7_500)
    );
    assert_eq!(app.credit().await, 1_500);

    let again = app
        .ledger()
        .record_insurer_payment(request.clone())
        .await
        .expect("replayed")
        .into_inner();
    assert_eq!(again, recorded);
    let other = RecordInsurerPaymentRequest {
        note: "other".to_owned(),
        ..request
    };
    assert_eq!(
        reason(app.ledger().record_insurer_payment(other).await),
        "REQUEST_ID_REUSED"
    );

    app.refund(&payment, 4_000).await;
    assert_eq!(
        due(&app.bill(&bill).await),
        (2_500, 0, BillStatus::Open),
        "the freed 15 went back as credit"
    );
    assert_eq!(app.credit().await, 0);
    app.finish().await;
}

#[tokio::test]
async fn r31_a_payment_on_account_leaves_the_rest_pending() {
    let app = TestApp::start().await;
    let bill = app.issue(0, 11_000).await;
    app.ledger()
        .record_insurer_payment(eob(&app, &bill, 5_000, None))
        .await
        .expect("booked");
    assert_eq!(due(&app.bill(&bill).await), (0, 6_000, BillStatus::Open));
    assert_eq!(minor(&app.balance().await.pending_insurance), 6_000);
    app.finish().await;
}

#[tokio::test]
async fn r31_what_insurance_denies_can_be_the_clients() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 11_000).await;
    let denied = eob(&app, &bill, 0, Some(15_000));
    app.ledger()
        .record_insurer_payment(denied)
        .await
        .expect("booked");
    assert_eq!(due(&app.bill(&bill).await), (15_000, 0, BillStatus::Open));
    app.finish().await;
}

#[tokio::test]
async fn r31_what_cannot_be_is_refused_with_its_reason() {
    let app = TestApp::start().await;
    let (bill, own) = (app.issue(4_000, 11_000).await, app.issue(4_000, 0).await);
    let refused = [
        (eob(&app, &bill, 11_001, None), "EXCEEDS_INSURANCE_BALANCE"),
        (
            eob(&app, &bill, 10_000, Some(6_000)),
            "EXCEEDS_INSURANCE_BALANCE",
        ),
        (eob(&app, &bill, 0, None), "INVALID_FIELD"),
        (eob(&app, &bill, -1, None), "INVALID_FIELD"),
        (eob(&app, &own, 100, None), "NO_INSURANCE_SHARE"),
    ];
    for (request, expected) in refused {
        assert_eq!(
            reason(app.ledger().record_insurer_payment(request).await),
            expected
        );
    }
    assert_eq!(
        due(&app.bill(&bill).await),
        (4_000, 11_000, BillStatus::Open)
    );
    app.finish().await;
}
