//! R18 under load: payments of a practice that come at once share a transaction, and nobody can tell.

use crate::app::{Replica, TODAY, TestApp, minor, reason, usd};
use billing::Postings;
use billing::work::Payments;
use futures::future::join_all;
use ids::{BillId, ClientId, PaymentId};
use pg::feed::{Event, Handler as _, HandlerError};
use proto::billing::v1::{Bill, PaymentKind, PostPaymentRequest, PostPaymentResponse};
use proto::payments::v1::{PaymentFacts, PaymentSucceeded};
use std::time::Duration;
use testkit::eventually;
use tokio::task::JoinSet;
use tonic::Status;

const SOON: Duration = Duration::from_secs(20);

impl TestApp {
    /// What payments' feed tells of a payment.
    fn paid_event(&self, sequence: i64, payment: &PostPaymentRequest) -> Event {
        let payment = payment.clone();
        let facts = PaymentFacts {
            payment_id: payment.payment_id,
            client_id: payment.client_id,
            kind: payment.kind,
            amount: payment.amount,
            receive_date: payment.receive_date,
            allocations: payment.allocations,
            method_text: payment.method_text,
            ..PaymentFacts::default()
        };
        let succeeded = PaymentSucceeded {
            payment: Some(facts),
            payer: None,
        };
        self.event(self.practice, sequence, &succeeded)
    }

    /// Applies events of payments' feed in one transaction, again when it met another, as its follower does.
    async fn follow(&self, billing: &billing::Billing, events: &[Event]) {
        let follower = Payments(billing.clone());
        loop {
            let mut tx = pg::begin(&billing.db, self.practice).await.expect("begun");
            match follower.apply_all(&mut tx, events).await {
                Ok(()) => return tx.commit().await.expect("committed"),
                Err(HandlerError::Transient(_)) => {}
                Err(poison) => panic!("{poison}"),
            }
        }
    }

    /// How many payments are booked, and by how many transactions.
    async fn booked(&self) -> (i64, i64) {
        sqlx::query_as(
            "select count(*), count(distinct xmin::text) from billing.entries where kind = 'payment'",
        )
        .fetch_one(self.db.owner_pool())
        .await
        .expect("counted")
    }

    /// Somebody who holds a bill's lock until they are dropped.
    async fn locked(&self, bill: &Bill) -> pg::Tx {
        let id: BillId = bill.bill_id.parse().expect("a bill's id");
        let mut tx = pg::begin(&self.billing.db, self.practice)
            .await
            .expect("begun");
        sqlx::query(
            "select 1 from billing.bills where practice_id = $1 and bill_id = $2 for update",
        )
        .bind(self.practice.uuid())
        .bind(id.uuid())
        .execute(&mut *tx)
        .await
        .expect("locked");
        tx
    }

    /// Waits until so many sessions wait for a lock.
    async fn waiting_for_locks(&self, count: i64) {
        eventually(SOON, "somebody waits for a lock", || async {
            let waiting: i64 = sqlx::query_scalar(
                "select count(*) from pg_catalog.pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'",
            )
            .fetch_one(self.db.owner_pool())
            .await
            .expect("activity");
            (waiting >= count).then_some(())
        })
        .await;
    }
}

impl Replica {
    /// Sessions keep what they counted to themselves for a second, unless they are told.
    async fn tell_statistics(&self) {
        let mut sessions = Vec::new();
        for _ in 0..self.billing.db.options().get_max_connections() {
            sessions.push(self.billing.db.acquire().await.expect("a session"));
        }
        for session in &mut sessions {
            let told = sqlx::query("select pg_catalog.pg_stat_force_next_flush()");
            told.execute(&mut **session).await.expect("told");
        }
    }
}

async fn bills(app: &TestApp, count: usize, price: i64) -> Vec<Bill> {
    let mut bills = Vec::new();
    for _ in 0..count {
        bills.push(app.issue(price, 0).await);
    }
    bills
}

/// Posts all at once; the answers in their places.
async fn at_once(
    app: &TestApp,
    payments: &[PostPaymentRequest],
) -> Vec<Result<PostPaymentResponse, Status>> {
    let ledger = app.as_payments();
    let posting = payments.iter().map(|payment| {
        let (mut ledger, payment) = (ledger.clone(), payment.clone());
        async move { Ok(ledger.post_payment(payment).await?.into_inner()) }
    });
    join_all(posting).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r18_two_hundred_payments_at_once_share_transactions_and_the_bad_ones_fail_alone() {
    let app = TestApp::start().await;
    let bills = bills(&app, 4, 1_000_000).await;
    let good = |at: usize| app.payment(5_000, &[(&bills[at % 4], 4_000)]);
    let mut payments = Vec::new();
    for at in 0..50 {
        let twin = good(at);
        let stranger = PostPaymentRequest {
            client_id: ClientId::new(&app.clock).to_string(),
            ..good(at)
        };
        let euros = PostPaymentRequest {
            amount: Some(proto::money::v1::Money {
                currency_code: "EUR".to_owned(),
                minor_units: 100,
            }),
            allocations: Vec::new(),
            ..good(at)
        };
        payments.extend([twin.clone(), stranger, euros, twin]);
    }
    let answers = at_once(&app, &payments).await;
    for four in answers.chunks(4) {
        let [first, stranger, euros, twin] = four else {
            panic!("four each")
        };
        let first = first.as_ref().expect("money is never refused");
        assert_eq!(minor(&first.credited), 1_000);
        assert_eq!(first.allocations.len(), 1);
        assert_eq!(twin.as_ref().expect("the same"), first);
        let refused = |answer: &Result<PostPaymentResponse, Status>| reason(answer.clone());
        assert_eq!(refused(stranger), "CLIENT_NOT_FOUND");
        assert_eq!(refused(euros), "CURRENCY_MISMATCH");
    }
    let (booked, transactions) = app.booked().await;
    assert_eq!(booked, 50);
    assert!(transactions < 40, "{transactions} transactions");
    assert_eq!(app.credit().await, 50 * 1_000);
    let mut left = 0;
    for bill in &bills {
        left += minor(&app.bill(bill).await.client_balance);
    }
    assert_eq!(left, 4 * 1_000_000 - 50 * 4_000);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r18_of_a_payment_told_in_two_ways_at_once_one_is_booked_and_the_other_refused() {
    let app = TestApp::start().await;
    let mut payments = Vec::new();
    for _ in 0..30 {
        let one = app.payment(700, &[]);
        let other = PostPaymentRequest {
            amount: Some(usd(800)),
            ..one.clone()
        };
        payments.extend([one, other]);
    }
    let answers = at_once(&app, &payments).await;
    let mut credit = 0;
    for two in answers.chunks(2) {
        let (booked, refused): (Vec<_>, Vec<_>) = two.iter().cloned().partition(Result::is_ok);
        let [Ok(booked)] = booked.as_slice() else {
            panic!("one is booked: {two:?}")
        };
        credit += minor(&booked.credited);
        assert_eq!(reason(refused[0].clone()), "PAYMENT_CHANGED");
    }
    assert_eq!(app.credit().await, credit);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f12_callers_who_go_away_at_any_moment_lose_no_payment() {
    let app = TestApp::start().await;
    let bill = app.issue(10_000_000, 0).await;
    let ledger = app.as_payments();
    let mut all = Vec::new();
    for patience in 0..60 {
        let mut callers = JoinSet::new();
        for _ in 0..6 {
            let payment = app.payment(300, &[(&bill, 200)]);
            all.push(payment.clone());
            let mut ledger = ledger.clone();
            callers.spawn(async move {
                let calling = ledger.post_payment(payment);
                let patience = Duration::from_micros(patience * 500);
                drop(tokio::time::timeout(patience, calling).await);
            });
        }
        callers.join_all().await;
    }
    // Asked again, each is booked, and was not booked twice.
    for answer in at_once(&app, &all).await {
        assert_eq!(minor(&answer.expect("booked").credited), 100);
    }
    let count = i64::try_from(all.len()).expect("a few");
    assert_eq!(app.booked().await.0, count);
    assert_eq!(app.credit().await, count * 100);
    // Sooner than the server would end them.
    eventually(
        Duration::from_secs(10),
        "no transaction is left",
        || async {
            let idle: i64 = sqlx::query_scalar(
                "select count(*) from pg_catalog.pg_stat_activity
            where datname = current_database() and state like 'idle in transaction%'",
            )
            .fetch_one(app.db.owner_pool())
            .await
            .expect("activity");
            (idle == 0).then_some(())
        },
    )
    .await;
    app.finish().await;
}

/// F7: two processes and the feed's follower book the same payments on the same bills, each in an order of its own. A
/// deadlock would be seen: Postgres counts them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f07_two_replicas_and_the_feed_book_the_same_payments_once_without_a_deadlock() {
    let app = TestApp::start().await;
    let bills = bills(&app, 6, 1_000_000).await;
    let (one, two) = (
        app.replica(Postings::default()).await,
        app.replica(Postings::default()).await,
    );
    let follower = app.replica(Postings::default()).await;
    for round in 0..6 {
        let mut payments = Vec::new();
        for at in 0..60 {
            let (first, second) = (&bills[at % 6], &bills[(at * 5 + 2) % 6]);
            let on_bills = [(first, 40), (second, 30)];
            payments.push(app.payment(100, if at % 3 == 0 { &[] } else { &on_bills }));
        }
        let events: Vec<Event> = (1..)
            .zip(&payments)
            .map(|(sequence, payment)| app.paid_event(sequence, payment))
            .collect();
        let mut tasks = JoinSet::new();
        for (at, payment) in payments.iter().enumerate() {
            let opposite = payments[payments.len() - 1 - at].clone();
            for (ledger, payment) in [(&one.ledger, payment.clone()), (&two.ledger, opposite)] {
                let mut ledger = ledger.clone();
                tasks.spawn(async move { ledger.post_payment(payment).await.map(drop) });
            }
        }
        for part in events.chunks(20) {
            app.follow(&follower.billing, part).await;
        }
        for answer in tasks.join_all().await {
            answer.expect("money is never refused");
        }
        assert_eq!(app.booked().await.0, (round + 1) * 60);
    }
    for replica in [one, two, follower] {
        replica.tell_statistics().await;
        replica.stop().await;
    }
    let deadlocks: i64 = sqlx::query_scalar(
        "select deadlocks from pg_catalog.pg_stat_database where datname = current_database()",
    )
    .fetch_one(app.db.owner_pool())
    .await
    .expect("statistics");
    assert_eq!(deadlocks, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f13_a_bill_that_somebody_holds_keeps_only_its_own_payments_waiting() {
    let app = TestApp::start().await;
    let (held, free) = (app.issue(4_000, 0).await, app.issue(400_000, 0).await);
    let lock = app.locked(&held).await;
    let (mut ledger, payment) = (app.as_payments(), app.payment(100, &[(&held, 100)]));
    let waiting = tokio::spawn(async move { ledger.post_payment(payment).await.map(drop) });
    app.waiting_for_locks(1).await;
    let others: Vec<_> = (0..20).map(|_| app.payment(100, &[(&free, 100)])).collect();
    for answer in at_once(&app, &others).await {
        answer.expect("booked beside it");
    }
    assert!(!waiting.is_finished(), "the lock is still held");
    lock.rollback().await.expect("given back");
    waiting.await.expect("a task").expect("booked in the end");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f16_more_than_may_wait_are_told_to_come_again() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let busy = app.replica(Postings::new(1, 2)).await;
    let lock = app.locked(&bill).await;
    let mut callers = JoinSet::new();
    for _ in 0..40 {
        let (mut ledger, payment) = (busy.ledger.clone(), app.payment(100, &[(&bill, 100)]));
        callers.spawn(async move { ledger.post_payment(payment).await.map(drop) });
    }
    let first = callers.join_next().await.expect("forty").expect("a task");
    let refused = first.expect_err("the queue is full");
    assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
    assert_eq!(reason::<()>(Err(refused)), "OVERLOADED");
    lock.rollback().await.expect("given back");
    let answers = callers.join_all().await;
    let booked = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!(booked >= 2, "those that were taken are booked: {booked}");
    let refused = answers.into_iter().filter(Result::is_err);
    assert!(refused.map(reason).all(|reason| reason == "OVERLOADED"));
    assert_eq!(app.booked().await.0, i64::try_from(booked).expect("a few"));
    busy.stop().await;
    app.finish().await;
}

/// The sums of the accounts have an end. What would go beyond it fails its batch in the database, and then only itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f13_a_payment_that_the_database_refuses_fails_alone() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let cash = |amount: i64| PostPaymentRequest {
        kind: PaymentKind::Cash.into(),
        ..app.payment(amount, &[])
    };
    app.post(&cash(100)).await;
    let lock = app.locked(&bill).await;
    let (mut ledger, payment) = (app.as_payments(), app.payment(100, &[(&bill, 100)]));
    let waiting = tokio::spawn(async move { ledger.post_payment(payment).await.map(drop) });
    app.waiting_for_locks(1).await;
    // They come while a batch is under way: the next one has them all.
    let mut payments: Vec<_> = (1..=20).map(cash).collect();
    payments.insert(7, cash(i64::MAX));
    let answers = at_once(&app, &payments).await;
    lock.rollback().await.expect("given back");
    waiting.await.expect("a task").expect("booked");
    for (at, answer) in answers.into_iter().enumerate() {
        if at == 7 {
            let code = answer.expect_err("more than the books can hold").code();
            assert_eq!(code, tonic::Code::Internal);
        } else {
            answer.expect("booked");
        }
    }
    assert_eq!(app.booked().await.0, 22);
    app.finish().await;
}

/// The connection of a batch breaks in the middle: nobody knows what became of it, so each finds out alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f14_a_batch_whose_connection_breaks_is_booked_one_by_one() {
    let app = TestApp::start().await;
    let bill = app.issue(400_000, 0).await;
    let lock = app.locked(&bill).await;
    let payments: Vec<_> = (0..7).map(|_| app.payment(100, &[(&bill, 100)])).collect();
    let (ledger, mut callers) = (app.as_payments(), Vec::new());
    for (at, payment) in payments.iter().enumerate() {
        let (mut ledger, payment) = (ledger.clone(), payment.clone());
        callers.push(tokio::spawn(async move {
            ledger.post_payment(payment).await.map(drop)
        }));
        if at == 0 {
            app.waiting_for_locks(1).await;
        }
    }
    // The first alone, and the others together.
    app.waiting_for_locks(2).await;
    let ended: i64 = sqlx::query_scalar(
        "select count(pg_catalog.pg_terminate_backend(pid)) from pg_catalog.pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'",
    )
    .fetch_one(app.db.owner_pool())
    .await
    .expect("ended");
    lock.rollback().await.expect("given back");
    let mut answers = Vec::new();
    for caller in callers {
        answers.push(caller.await.expect("a task"));
    }
    let alone = answers.remove(0).expect_err("it may be tried again");
    assert_eq!(alone.code(), tonic::Code::Unavailable);
    // Those of the batch were booked all the same; one that came too late for it was alone, too.
    let lost = answers.iter().filter(|answer| answer.is_err()).count();
    assert!(
        i64::try_from(lost).expect("a few") <= ended - 2,
        "{answers:?}"
    );
    for answer in at_once(&app, &payments).await {
        answer.expect("booked");
    }
    assert_eq!(app.booked().await.0, 7);
    app.finish().await;
}

#[tokio::test]
async fn f22_events_of_one_transaction_book_what_is_not_booked_and_pass_over_what_is() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let payments: Vec<_> = (0..10).map(|_| app.payment(500, &[(&bill, 500)])).collect();
    for called in payments.iter().step_by(3) {
        app.post(called).await;
    }
    let events = (1..).zip(&payments);
    let mut events: Vec<Event> = events
        .map(|(sequence, payment)| app.paid_event(sequence, payment))
        .collect();
    events.push(app.paid_event(11, &payments[1]));
    app.follow(&app.billing, &events).await;
    app.follow(&app.billing, &events).await;
    assert_eq!(app.booked().await.0, 10);
    assert_eq!(
        app.count_events("evenkeel.billing.v1.PaymentPosted").await,
        10
    );
    assert_eq!(minor(&app.bill(&bill).await.client_balance), 0);
    assert_eq!(app.credit().await, 1_000);

    let changed = PostPaymentRequest {
        receive_date: Some(proto::google::r#type::Date { day: 1, ..TODAY }),
        ..payments[0].clone()
    };
    let other = PostPaymentRequest {
        payment_id: PaymentId::new(&app.clock).to_string(),
        ..changed.clone()
    };
    let mut tx = pg::begin(&app.billing.db, app.practice)
        .await
        .expect("begun");
    let batch = [app.paid_event(12, &other), app.paid_event(13, &changed)];
    let poison = Payments(app.billing.clone())
        .apply_all(&mut tx, &batch)
        .await;
    poison.expect_err("a payment is not another one");
    drop(tx);
    assert_eq!(app.booked().await.0, 10, "nothing of the batch is left");
    app.finish().await;
}
