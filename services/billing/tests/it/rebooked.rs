//! R18: a payment that came on another day than it was booked.

use crate::app::{TODAY, TestApp, due, minor, usd};
use billing::work::Payments;
use futures::future::join_all;
use pg::feed::Handler as _;
use proto::billing::v1::*;
use proto::google::r#type::Date;
use proto::payments::v1::{PaymentCorrected as Told, PaymentFacts};

const fn day(day: i32) -> Date {
    Date { day, ..TODAY }
}

/// As payments tells of a correction.
fn told(payment: &PostPaymentRequest, revision: i32, date: Date, text: &str) -> Told {
    let facts = PaymentFacts {
        payment_id: payment.payment_id.clone(),
        client_id: payment.client_id.clone(),
        kind: payment.kind,
        amount: payment.amount.clone(),
        receive_date: Some(date),
        method_text: text.to_owned(),
        ..PaymentFacts::default()
    };
    Told {
        payment: Some(facts),
        revision,
    }
}

impl TestApp {
    /// A check of 50 dollars for a bill of 40.
    async fn check(&self) -> (Bill, PostPaymentRequest) {
        let bill = self.issue(4_000, 0).await;
        let check = PostPaymentRequest {
            kind: PaymentKind::Check.into(),
            method_text: "Check #1042".to_owned(),
            ..self.payment(5_000, &[(&bill, 4_000)])
        };
        self.post(&check).await;
        (bill, check)
    }

    /// What a statement of the client has of payments: the day, the words, the amount.
    async fn payments_told(&self, from: Option<Date>) -> Vec<(i32, String, i64)> {
        let request = self.statement_request(from, Some(day(31)));
        let read = self.documents().get_statement(request).await.expect("read");
        let statement = read.into_inner();
        let paid = statement
            .movements
            .iter()
            .filter(|it| it.kind() == MovementKind::Payment);
        let paid = paid.map(|it| {
            let date = it.date.expect("a day");
            (date.day, it.description.clone(), minor(&it.amount))
        });
        paid.collect()
    }

    /// Days, reversals and amounts of the entries of these kinds, oldest first.
    async fn entries_of(&self, kinds: &[&str]) -> Vec<(String, String, i64)> {
        let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        sqlx::query_as(
            "select entry.kind, entry.entry_date::text, sum(transfer.amount_minor)::bigint
            from billing.entries entry
            join billing.transfers transfer using (practice_id, entry_id)
            where entry.practice_id = $1 and entry.kind = any($2)
            group by entry.entry_id, entry.kind, entry.entry_date
            order by entry.entry_id",
        )
        .bind(self.practice.uuid())
        .bind(kinds)
        .fetch_all(self.db.owner_pool())
        .await
        .expect("read")
    }
}

#[tokio::test]
async fn r18_a_payment_of_another_day_is_reversed_and_booked_anew_and_no_balance_changes() {
    let app = TestApp::start().await;
    let (bill, check) = app.check().await;
    let before = app.balance().await;
    app.hear(&told(&check, 1, day(1), "Check #2042")).await;
    assert_eq!(app.balance().await, before);
    assert_eq!(due(&app.bill(&bill).await), (0, 0, BillStatus::Paid));
    assert_eq!(app.account(AccountKind::Checks).await, 5_000);
    let kinds = ["payment", "payment_reversed", "payment_rebooked"];
    let line = |kind: &str, day: &str, amount| (kind.to_owned(), format!("2026-{day}"), amount);
    let once = [
        line("payment", "03-02", 5_000),
        line("payment_reversed", "03-02", 5_000),
        line("payment_rebooked", "03-01", 5_000),
    ];
    assert_eq!(app.entries_of(&kinds).await, once);
    // A statement has it once, on the right day and as it is printed now.
    let words = "Payment, thank you · Check #2042 for bill 1".to_owned();
    assert_eq!(app.payments_told(None).await, [(1, words.clone(), -5_000)]);
    assert_eq!(app.payments_told(Some(day(2))).await, []);
    // And once more, to a day that has no entry yet: what stands is reversed, not what stood first.
    app.hear(&told(
        &check,
        2,
        Date {
            month: 2,
            ..day(27)
        },
        "Check #2042",
    ))
    .await;
    let twice = [
        once[0].clone(),
        once[1].clone(),
        once[2].clone(),
        line("payment_reversed", "03-01", 5_000),
        line("payment_rebooked", "02-27", 5_000),
    ];
    assert_eq!(app.entries_of(&kinds).await, twice);
    assert_eq!(app.payments_told(None).await, [(27, words, -5_000)]);
    assert_eq!(app.balance().await, before);
    let events = app.count_events("evenkeel.billing.v1.PaymentCorrected");
    assert_eq!(events.await, 2, "each was heard twice");
    // The call that books a payment at once may come late: it is the same payment.
    app.post(&check).await;
    app.finish().await;
}

#[tokio::test]
async fn r18_another_check_number_is_printed_and_moves_nothing() {
    let app = TestApp::start().await;
    let (bill, check) = app.check().await;
    app.hear(&told(&check, 3, TODAY, "Check #7")).await;
    assert_eq!(
        app.entries_of(&["payment_reversed", "payment_rebooked"])
            .await,
        []
    );
    let request = GetBillDocumentRequest {
        practice_id: app.practice.to_string(),
        bill_id: bill.bill_id.clone(),
    };
    let read = app.documents().get_bill_document(request).await;
    let document = read.expect("read").into_inner().document.expect("it");
    assert_eq!(document.payments[0].method_text, "Check #7");
    // An earlier correction that is heard later changes nothing.
    app.hear(&told(&check, 1, day(1), "Check #1")).await;
    assert_eq!(app.payments_told(None).await[0].0, TODAY.day);
    app.finish().await;
}

#[tokio::test]
async fn r18_a_payment_whose_money_has_moved_on_is_moved_with_the_books_in_order() {
    let app = TestApp::start().await;
    let (bill, check) = app.check().await;
    let other = app.issue(3_000, 0).await;
    let credit = ApplyCreditRequest {
        practice_id: app.practice.to_string(),
        request_id: testkit::request_id(),
        bill_id: other.bill_id.clone(),
        amount: Some(usd(1_000)),
    };
    app.ledger().apply_credit(credit).await.expect("applied");
    app.refund(&check, 1_500).await;
    let before = app.balance().await;
    app.hear(&told(&check, 1, day(1), "Check #1042")).await;
    assert_eq!(app.balance().await, before);
    app.refund(&check, 500).await;
    assert_eq!(app.account(AccountKind::Checks).await, 3_000);
    let open = app.bill(&bill).await;
    assert_eq!(
        open.status(),
        BillStatus::Open,
        "given back, and owed again"
    );
    app.finish().await;
}

#[tokio::test]
async fn f22_twins_of_a_correction_at_once_move_a_payment_once() {
    let app = TestApp::start().await;
    let (_, check) = app.check().await;
    let event = app.event(app.practice, 1, &told(&check, 1, day(1), "Check #1042"));
    let follower = Payments(app.billing.clone());
    let heard = (0..4).map(|_| async {
        let mut tx = pg::begin(&app.billing.db, app.practice)
            .await
            .expect("a transaction");
        follower.apply(&mut tx, &event).await.expect("applied");
        tx.commit().await.expect("committed");
    });
    join_all(heard).await;
    let moved = app
        .entries_of(&["payment_reversed", "payment_rebooked"])
        .await;
    assert_eq!(moved.len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn r48_a_correction_that_the_books_do_not_have_is_named() {
    for damage in [
        "update billing.posted_payments set receive_date = '2026-03-02'",
        "update billing.entries set entry_date = '2026-03-02' where kind = 'payment_rebooked'",
        "delete from billing.payment_corrections",
    ] {
        let app = TestApp::start().await;
        let (_, check) = app.check().await;
        app.hear(&told(&check, 1, day(1), "Check #1042")).await;
        assert_eq!(app.violations().await, []);
        sqlx::raw_sql(damage)
            .execute(app.db.owner_pool())
            .await
            .expect("damaged");
        let found = app.violations().await;
        let named = found.iter().any(|it| it.invariant == "L6");
        assert!(named, "{damage}: {found:?}");
    }
}
