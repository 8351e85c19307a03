use crate::app::{TestApp, due, minor, reason, usd};
use futures::future::join_all;
use proto::billing::v1::{AccountKind, BillStatus, EntryKind, PaymentKind, PostPaymentRequest};

#[tokio::test]
async fn r18_a_payment_pays_its_bill_and_is_one_entry() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let posted = app.post(&app.payment(4_000, &[(&bill, 4_000)])).await;
    let entry = posted.entry.expect("an entry");
    assert_eq!(entry.kind(), EntryKind::Payment);
    let transfer = &entry.transfers[0];
    assert_eq!(
        transfer.debit_account_kind(),
        AccountKind::ProcessorClearing
    );
    assert_eq!(
        transfer.credit_account_kind(),
        AccountKind::ClientReceivable
    );
    assert_eq!(
        (minor(&transfer.amount), minor(&posted.credited)),
        (4_000, 0)
    );
    assert_eq!(due(&app.bill(&bill).await), (0, 0, BillStatus::Paid));
    assert_eq!(app.balance().await.summary, "Nothing is due.");
    app.finish().await;
}

#[tokio::test]
async fn r18_each_kind_of_payment_has_its_account() {
    let app = TestApp::start().await;
    let kinds = [
        (PaymentKind::Card, AccountKind::ProcessorClearing),
        (PaymentKind::BankDebit, AccountKind::ProcessorClearing),
        (PaymentKind::Cash, AccountKind::Cash),
        (PaymentKind::Check, AccountKind::Checks),
        (PaymentKind::CardElsewhere, AccountKind::CardElsewhere),
        (PaymentKind::BankElsewhere, AccountKind::CardElsewhere),
        (PaymentKind::Other, AccountKind::OtherReceived),
    ];
    for (kind, account) in kinds {
        let payment = PostPaymentRequest {
            kind: kind.into(),
            ..app.payment(100, &[])
        };
        let entry = app.post(&payment).await.entry.expect("an entry");
        assert_eq!(entry.transfers[0].debit_account_kind(), account, "{kind:?}");
    }
    assert_eq!(app.credit().await, 700);
    app.finish().await;
}

#[tokio::test]
async fn r23_money_after_a_bill_is_paid_becomes_credit() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    app.post(&app.payment(4_000, &[(&bill, 4_000)])).await;
    let late = app.post(&app.payment(4_000, &[(&bill, 4_000)])).await;
    assert_eq!(minor(&late.credited), 4_000);
    assert!(late.allocations.is_empty());
    assert_eq!(app.credit().await, 4_000);
    app.finish().await;
}

#[tokio::test]
async fn r18_the_same_payment_is_booked_once_also_at_once_and_another_content_is_refused() {
    let app = TestApp::start().await;
    for with_bill in [true, false] {
        let bill = app.issue(4_000, 0).await;
        let wanted = [(&bill, 4_000)];
        let payment = app.payment(4_000, if with_bill { &wanted } else { &[] });
        let twins = (0..8).map(|_| {
            let (mut ledger, payment) = (app.as_payments(), payment.clone());
            async move {
                ledger
                    .post_payment(payment)
                    .await
                    .expect("booked")
                    .into_inner()
            }
        });
        let answers = join_all(twins).await;
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        let other = PostPaymentRequest {
            amount: Some(usd(4_001)),
            ..payment
        };
        assert_eq!(
            reason(app.as_payments().post_payment(other).await),
            "PAYMENT_CHANGED"
        );
    }
    assert_eq!(
        app.count_events("evenkeel.billing.v1.PaymentPosted").await,
        2
    );
    app.finish().await;
}

#[tokio::test]
async fn r18_two_payers_at_once_pay_a_bill_once_and_the_rest_is_credit() {
    let app = TestApp::start().await;
    for round in 1..=15 {
        let bill = app.issue(4_000, 0).await;
        let payers = (0..3).map(|_| {
            let (mut ledger, payment) = (app.as_payments(), app.payment(3_000, &[(&bill, 3_000)]));
            async move {
                ledger
                    .post_payment(payment)
                    .await
                    .expect("money is never refused")
                    .into_inner()
            }
        });
        let answers = join_all(payers).await;
        let credited: i64 = answers.iter().map(|answer| minor(&answer.credited)).sum();
        assert_eq!(credited, 5_000);
        assert_eq!(due(&app.bill(&bill).await), (0, 0, BillStatus::Paid));
        assert_eq!(app.credit().await, 5_000 * round);
    }
    app.finish().await;
}

#[tokio::test]
async fn r18_payments_for_several_bills_in_any_order_do_not_lock_each_other_out() {
    let app = TestApp::start().await;
    let bills = [
        app.issue(9_000, 0).await,
        app.issue(9_000, 0).await,
        app.issue(9_000, 0).await,
    ];
    let orders = [[0, 1, 2], [2, 1, 0], [1, 0, 2]];
    let payments = (0..24).map(|nth| {
        let wanted = orders[nth % 3].map(|at| (&bills[at], 100));
        let (mut ledger, payment) = (app.as_payments(), app.payment(300, &wanted));
        async move {
            ledger
                .post_payment(payment)
                .await
                .expect("booked")
                .into_inner()
        }
    });
    join_all(payments).await;
    for bill in &bills {
        assert_eq!(due(&app.bill(bill).await), (6_600, 0, BillStatus::Open));
    }
    app.finish().await;
}

#[tokio::test]
async fn r18_a_payment_for_an_unknown_client_is_not_found() {
    let app = TestApp::start().await;
    let client_id = "cli_01j2jv5gymfay8vvr14d2pf2db".to_owned();
    let payment = PostPaymentRequest {
        client_id,
        ..app.payment(100, &[])
    };
    assert_eq!(
        reason(app.as_payments().post_payment(payment).await),
        "CLIENT_NOT_FOUND"
    );
    app.finish().await;
}

#[tokio::test]
async fn r41_only_payments_posts_payments() {
    let app = TestApp::start().await;
    assert_eq!(
        reason(app.ledger().post_payment(app.payment(100, &[])).await),
        "ROLE_NOT_ALLOWED"
    );
    app.finish().await;
}
