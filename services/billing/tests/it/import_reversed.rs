//! R10: what was built on an import and taken back again.

use crate::adjustments::off;
use crate::app::{TestApp, minor, reason, usd};
use crate::import_undo::in_use;
use crate::importing::CLIENTS;
use proto::billing::v1::{
    ApplyCreditRequest, GetReceiptRequest, Import, ImportFileKind, ImportState, ListBillsRequest,
    PostPaymentRequest, PostRefundRequest, UndoImportRequest,
};
use testkit::request_id;

/// What was built on an import and is taken back completely sums to nothing: it stays as history, and is no obstacle.
#[tokio::test]
async fn r10_an_import_is_undone_when_all_that_was_built_on_it_was_taken_back() {
    let app = TestApp::start().await;
    let before = app.standing().await;
    let import = app.taken_by_two().await;
    let grace = app.client_named("C-1").await.expect("a client");
    let bill = app.only_bill().await;
    let adjusted = app.adjust(&bill, off(500)).await.expect("taken off");
    assert_eq!(
        in_use(app.undo(&import).await),
        ["(1) was changed: adjustment"]
    );
    app.reverse(&adjusted, 0).await.expect("taken back");
    let payment = PostPaymentRequest {
        client_id: grace.client_id.clone(),
        ..app.payment(1_000, &[(&bill, 1_000)])
    };
    app.post(&payment).await;
    app.refund(&payment, 1_000).await;
    app.undo(&import).await.expect("taken back");
    assert_eq!(app.standing().await, before);
    assert_eq!(app.client_named("C-1").await, None, "her id is free again");
    let receipt = GetReceiptRequest {
        practice_id: app.practice.to_string(),
        payment_id: payment.payment_id,
    };
    let receipt = app.documents().get_receipt(receipt).await;
    receipt.expect("the history can still be read");
    let again = app.taken(&[(ImportFileKind::Clients, CLIENTS)]).await;
    assert_eq!(again.state(), ImportState::Committed);
    app.finish().await;
}

#[tokio::test]
async fn r10_an_import_is_not_undone_while_a_refund_of_its_client_is_kept_as_credit() {
    let app = TestApp::start().await;
    let import = app.taken_by_two().await;
    let grace = app.client_named("C-1").await.expect("a client");
    let bill = app.only_bill().await;
    let payment = PostPaymentRequest {
        client_id: grace.client_id,
        ..app.payment(1_000, &[(&bill, 1_000)])
    };
    app.post(&payment).await;
    let refund = PostRefundRequest {
        to_credit: true,
        ..app.refund_request(&payment, 1_000)
    };
    app.as_payments().post_refund(refund).await.expect("booked");
    assert_eq!(
        in_use(app.undo(&import).await),
        ["has credit that did not come with it: $10.00"]
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r10_undoing_and_a_payment_at_once_never_do_both() {
    let app = TestApp::start().await;
    for round in 0..6 {
        let clients = format!("client_id,given_name,family_name\nP-{round},Round,{round}\n");
        let owed = format!("client_id,amount,as_of_date\nP-{round},40.00,2026-02-27\n");
        let import = app
            .taken(&[
                (ImportFileKind::Clients, &clients),
                (ImportFileKind::OpeningBalances, &owed),
            ])
            .await;
        let client = app.client_named(&format!("P-{round}")).await;
        let client_id = client.expect("a client").client_id;
        let listed = ListBillsRequest {
            practice_id: app.practice.to_string(),
            client_id: client_id.clone(),
            ..ListBillsRequest::default()
        };
        let listed = app.bills().list_bills(listed).await.expect("listed");
        let bill = listed.into_inner().bills.pop().expect("a bill");
        let payment = PostPaymentRequest {
            client_id,
            ..app.payment(1_000, &[(&bill, 1_000)])
        };
        let (undone, _) = tokio::join!(app.undo(&import), app.post(&payment));
        // Money is never refused: when it came too late for the bill it is the client's credit.
        let bill = app.bill(&bill).await;
        let paid = minor(&bill.client_balance) == 3_000;
        assert_ne!(undone.is_ok(), paid, "round {round}: {undone:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn r10_an_import_whose_credit_was_used_is_undone_when_it_was_taken_off_again() {
    let app = TestApp::start().await;
    let before = app.standing().await;
    let import = app.taken_by_two().await;
    let bill = app.only_bill().await;
    let payment = PostPaymentRequest {
        client_id: bill.client_id.clone(),
        ..app.payment(1_000, &[])
    };
    app.post(&payment).await;
    let used = ApplyCreditRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        amount: Some(usd(1_000)),
    };
    app.ledger().apply_credit(used).await.expect("applied");
    assert!(!in_use(app.undo(&import).await).is_empty());
    let off = app.take_off(app.reversal(&bill, None)).await;
    off.expect("taken off");
    app.refund(&payment, 1_000).await;
    app.undo(&import).await.expect("taken back");
    assert_eq!(app.standing().await, before);
    app.finish().await;
}

#[tokio::test]
async fn r10_dropping_leaves_an_import_alone_that_was_taken_by_then() {
    let app = TestApp::start().await;
    let drop = |import: &Import| UndoImportRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        import_id: import.import_id.clone(),
        only_uncommitted: true,
    };
    let taken = app.taken_by_two().await;
    let refused = app.imports().undo_import(drop(&taken)).await;
    assert_eq!(reason(refused), "IMPORT_CLOSED");
    assert!(app.client_named("C-1").await.is_some());

    let open = app.start_import().await;
    let dropped = app.imports().undo_import(drop(&open)).await;
    let dropped = dropped.expect("dropped").into_inner().import;
    assert_eq!(dropped.expect("an import").state(), ImportState::Undone);
    app.finish().await;
}
