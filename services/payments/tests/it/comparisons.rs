//! R26: each night the processor's books are held against ours.

use crate::stage::{Stage, VISA, usd};
use futures::future::join_all;
use payments::work::compare_due;
use proto::google::r#type::Date;
use proto::payments::v1::comparison_service_client::ComparisonServiceClient;
use proto::payments::v1::*;
use rpc::{Claims, Connection};
use serde_json::json;

impl Stage {
    fn comparisons(&self) -> ComparisonServiceClient<Connection> {
        let practice = self.practice;
        ComparisonServiceClient::new(self.connection(move |claims| Claims {
            practice_id: Some(practice.to_string()),
            ..claims
        }))
    }

    pub async fn discrepancies(&self) -> Vec<Discrepancy> {
        let request = ListDiscrepanciesRequest {
            practice_id: self.practice.to_string(),
            ..ListDiscrepanciesRequest::default()
        };
        let answer = self.comparisons().list_discrepancies(request).await;
        answer.expect("listed").into_inner().discrepancies
    }

    /// As for a practice of before there were comparisons: its first day is the one that ended last.
    pub async fn first_night(&self) {
        self.sql("update payments.comparison_queue set next_date = null, lease_end_time = null, due_time = '2000-01-01'")
            .await;
    }

    async fn sql(&self, statement: &'static str) {
        let done = sqlx::query(statement).execute(self.db.owner_pool()).await;
        assert!(done.expect("done").rows_affected() > 0, "{statement}");
    }

    pub async fn compare(&self) -> usize {
        compare_due(&self.payments)
            .await
            .expect("the queue is read")
    }

    /// Each day that was compared, how much moved and how much was mended.
    pub async fn nights(&self) -> Vec<(String, i64, i64)> {
        sqlx::query_as(
            "select comparison_date::text, transaction_count, mended_count from payments.comparisons order by 1",
        )
        .fetch_all(self.db.owner_pool())
        .await
        .expect("read")
    }
}

pub fn night(date: &str, moved: i64, mended: i64) -> (String, i64, i64) {
    (date.to_owned(), moved, mended)
}

#[tokio::test]
async fn f05_what_no_webhook_told_is_taken_in_at_night() {
    let stage = Stage::start().await;
    stage
        .command("webhook_plan", json!({ "plan": "drop" }))
        .await;
    let (first, second) = (stage.bill(4_000).await, stage.bill(2_000).await);
    let paid = stage.pay(first, 4_000, VISA).await;
    let disputed = stage.pay(second, 2_000, "pm_card_createDispute").await;
    let intent = stage.intent_of(&paid).await;
    stage
        .command(
            "refunds",
            json!({ "payment_intent": intent, "amount": 700 }),
        )
        .await;
    stage.first_night().await;
    stage.minutes(17 * 60);
    assert_eq!(stage.compare().await, 1);
    assert_eq!(stage.nights().await, [night("2026-03-02", 4, 2)]);
    assert_eq!(stage.discrepancies().await, []);
    assert_eq!(stage.payment(&paid).await.refunded, Some(usd(700)));
    let refused = stage.refund(&disputed, 1, false).await;
    assert_eq!(crate::stage::reason(refused), "DISPUTED");
    assert_eq!(stage.compare().await, 0, "the next day has not ended");
    stage.finish().await;
}

#[tokio::test]
async fn r26_whatever_differs_is_named_once() {
    let stage = Stage::start().await;
    let mut paid = Vec::new();
    for _ in 0..4 {
        let bill = stage.bill(4_000).await;
        paid.push(stage.pay(bill, 4_000, VISA).await);
    }
    stage.refund(&paid[3], 700, false).await.expect("refunded");
    // Planted: an amount, a charge that nobody knows of, a payment without its charge, a refund of another amount.
    let plant = async |statement: &'static str, at: usize| {
        let id: ids::PaymentId = paid[at].payment_id.parse().expect("an id");
        let done = sqlx::query(statement)
            .bind(id.uuid())
            .execute(stage.db.owner_pool())
            .await;
        assert_eq!(done.expect("planted").rows_affected(), 1);
    };
    plant(
        "update payments.payments set amount_minor = 3999 where payment_id = $1",
        0,
    )
    .await;
    plant(
        "delete from payments.processor_objects where subject_id = $1",
        1,
    )
    .await;
    plant(
        "update payments.payments set processor_intent = 'pi_nothing' where payment_id = $1",
        2,
    )
    .await;
    plant(
        "update payments.refunds set amount_minor = 699 where payment_id = $1",
        3,
    )
    .await;
    stage.first_night().await;
    stage.minutes(17 * 60);
    stage.compare().await;
    let found = stage.discrepancies().await;
    let mut named: Vec<_> = found
        .iter()
        .map(|it| {
            let minor = |amount: &Option<proto::money::v1::Money>| {
                amount.as_ref().expect("an amount").minor_units
            };
            (it.kind(), minor(&it.recorded), minor(&it.found))
        })
        .collect();
    named.sort();
    assert_eq!(
        named,
        [
            (DiscrepancyKind::ChargeNotRecorded, 0, 4_000),
            (DiscrepancyKind::PaymentNotCharged, 4_000, 0),
            (DiscrepancyKind::AmountDiffers, -699, -700),
            (DiscrepancyKind::AmountDiffers, 3_999, 4_000),
        ]
    );
    let day = Date {
        year: 2026,
        month: 3,
        day: 2,
    };
    assert!(found.iter().all(|it| it.comparison_date == Some(day)));
    stage.first_night().await;
    stage.compare().await;
    assert_eq!(stage.discrepancies().await, found, "again is nothing new");
}

#[tokio::test]
async fn f31_workers_at_once_compare_a_day_once() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    stage.pay(bill, 4_000, VISA).await;
    stage.first_night().await;
    stage.minutes(17 * 60);
    let counts = join_all((0..4).map(|_| stage.compare())).await;
    assert_eq!(counts.iter().sum::<usize>(), 1);
    // One that still believes the day to be its own changes nothing.
    stage.first_night().await;
    join_all((0..4).map(|_| stage.compare())).await;
    assert_eq!(stage.nights().await, [night("2026-03-02", 1, 0)]);
    stage.finish().await;
}

#[tokio::test]
async fn f30_days_that_were_missed_are_compared_each_oldest_first() {
    let stage = Stage::start().await;
    stage.first_night().await;
    stage.minutes(17 * 60);
    stage.compare().await;
    let bill = stage.bill(4_000).await;
    stage.pay(bill, 4_000, VISA).await;
    stage.minutes(3 * 24 * 60);
    for _ in 0..3 {
        assert_eq!(stage.compare().await, 1);
    }
    assert_eq!(stage.compare().await, 0);
    let days = [
        night("2026-03-02", 0, 0),
        night("2026-03-03", 1, 0),
        night("2026-03-04", 0, 0),
        night("2026-03-05", 0, 0),
    ];
    assert_eq!(stage.nights().await, days);
    stage.finish().await;
}

#[tokio::test]
async fn f02_a_processor_that_does_not_answer_is_asked_again() {
    let stage = Stage::start().await;
    stage.first_night().await;
    stage.minutes(17 * 60);
    let rule = json!({
        "match": { "method": "GET", "path": "/v1/balance_transactions" }, "kind": "status=500"
    });
    stage.command("faults", rule).await;
    stage.compare().await;
    assert_eq!(stage.nights().await, []);
    assert_eq!(stage.compare().await, 0, "not at once");
    stage.minutes(11);
    assert_eq!(stage.compare().await, 1);
    assert_eq!(stage.nights().await, [night("2026-03-02", 0, 0)]);
    stage.finish().await;
}

#[tokio::test]
async fn r26_another_practices_books_are_its_own() {
    let stage = Stage::start().await;
    let other = ids::PracticeId::new(&stage.clock);
    crate::neighbours::register(stage.db.pool(), other).await;
    let bill = stage.bill(4_000).await;
    let paid = stage.pay(bill, 4_000, VISA).await;
    let id: ids::PaymentId = paid.payment_id.parse().expect("an id");
    let planted =
        sqlx::query("update payments.payments set amount_minor = 3999 where payment_id = $1");
    planted
        .bind(id.uuid())
        .execute(stage.db.owner_pool())
        .await
        .expect("planted");
    stage.first_night().await;
    stage.minutes(17 * 60);
    assert_eq!(stage.compare().await, 2);
    assert_eq!(stage.discrepancies().await.len(), 1);
    let mut stranger = ComparisonServiceClient::new(stage.connection(move |claims| Claims {
        practice_id: Some(other.to_string()),
        ..claims
    }));
    let request = ListDiscrepanciesRequest {
        practice_id: other.to_string(),
        ..ListDiscrepanciesRequest::default()
    };
    let listed = stranger.list_discrepancies(request).await.expect("listed");
    assert_eq!(listed.into_inner().discrepancies, []);
}
