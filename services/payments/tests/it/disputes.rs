//! R29: what payers' banks dispute. R26: what is done at the processor itself.

use crate::stage::{Stage, VISA, reason, usd};
use futures::future::join_all;
use ids::BillId;
use payments::store::disputes::disputed_bills;
use prost::Message as _;
use proto::payments::v1::dispute_service_client::DisputeServiceClient;
use proto::payments::v1::*;
use rpc::{Claims, Connection};
use serde_json::{Value, json};
use tonic::Code;

const DISPUTED: &str = "pm_card_createDispute";

impl Stage {
    fn disputes(&self) -> DisputeServiceClient<Connection> {
        let practice = self.practice;
        DisputeServiceClient::new(self.connection(move |claims| Claims {
            practice_id: Some(practice.to_string()),
            ..claims
        }))
    }

    async fn list(&self, open_only: bool) -> Vec<Dispute> {
        let request = ListDisputesRequest {
            practice_id: self.practice.to_string(),
            open_only,
            ..ListDisputesRequest::default()
        };
        let answer = self.disputes().list_disputes(request).await;
        answer.expect("listed").into_inner().disputes
    }

    async fn dispute(&self) -> Dispute {
        let mut found = self.list(false).await;
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    /// The processor's dispute, `du_…`.
    async fn dispute_object(&self) -> String {
        let book = self.asked("book").await;
        let object = &book["accounts"][0]["disputes"][0]["id"];
        object.as_str().expect("an id").to_owned()
    }

    /// The bank decides, and its words are taken in.
    async fn decide(&self, outcome: &str) {
        let path = format!("disputes/{}/settle", self.dispute_object().await);
        self.command(&path, json!({ "outcome": outcome })).await;
        let kind = match outcome {
            "escalated" => "charge.dispute.funds_withdrawn",
            _ => "charge.dispute.closed",
        };
        self.webhooks_came(kind, 1).await;
        self.process_webhooks().await;
    }

    /// A bill paid with a card whose payment is disputed at once.
    async fn disputed(&self) -> (BillId, Payment) {
        let bill = self.bill(4_000).await;
        let paid = self.pay(bill, 4_000, DISPUTED).await;
        self.webhooks_came("charge.dispute.funds_withdrawn", 1)
            .await;
        self.process_webhooks().await;
        (bill, paid)
    }

    async fn event_types(&self) -> Vec<String> {
        let types = sqlx::query_scalar(
            "select replace(event_type, 'evenkeel.payments.v1.', '') from payments.outbox order by seq",
        );
        types.fetch_all(self.db.owner_pool()).await.expect("read")
    }

    async fn disputed_among(&self, bills: &[BillId]) -> Vec<BillId> {
        let mut tx = pg::begin(self.db.pool(), self.practice)
            .await
            .expect("begun");
        let found = disputed_bills(&mut tx, self.practice, bills).await;
        found.expect("read")
    }

    async fn refunded_in_stripe(&self, payment: &Payment, amount: i64) -> Value {
        let intent = self.intent_of(payment).await;
        let body = json!({ "payment_intent": intent, "amount": amount });
        self.command("refunds", body).await
    }
}

fn minor(amount: &Option<proto::money::v1::Money>) -> i64 {
    amount.as_ref().expect("an amount").minor_units
}

#[tokio::test]
async fn r29_a_dispute_is_shown_with_what_it_took_and_its_payment_is_not_refunded() {
    let stage = Stage::start().await;
    let (bill, paid) = stage.disputed().await;
    let dispute = stage.dispute().await;
    assert_eq!(dispute.state(), DisputeState::NeedsResponse);
    assert_eq!(dispute.payment_id, paid.payment_id);
    assert_eq!(dispute.client_id, stage.client.to_string());
    assert_eq!(dispute.bill_ids, [bill.to_string()]);
    assert_eq!(
        (minor(&dispute.amount), minor(&dispute.withdrawn)),
        (4_000, 4_000)
    );
    assert_eq!(minor(&dispute.fee), 1_500);
    assert!(dispute.respond_by_time.is_some());
    assert!(dispute.reason_text.contains("did not make this payment"));
    assert!(dispute.processor_url.contains("/test/payments/pi_"));
    let request = GetDisputeRequest {
        practice_id: stage.practice.to_string(),
        dispute_id: dispute.dispute_id.clone(),
    };
    let read = stage.disputes().get_dispute(request).await.expect("read");
    assert_eq!(read.into_inner().dispute, Some(dispute));
    for to_credit in [false, true] {
        let refused = stage.refund(&paid, 1_000, to_credit).await;
        assert_eq!(
            refused.as_ref().expect_err("refused").code(),
            Code::FailedPrecondition
        );
        assert_eq!(reason(refused), "DISPUTED");
    }
    let other = stage.bill(1_000).await;
    assert_eq!(stage.disputed_among(&[bill, other]).await, [bill]);
    stage.finish().await;
}

#[tokio::test]
async fn r29_a_won_dispute_brings_the_money_back_and_refunds_are_possible_again() {
    let stage = Stage::start().await;
    let (bill, paid) = stage.disputed().await;
    stage.decide("won").await;
    let dispute = stage.dispute().await;
    assert_eq!(dispute.state(), DisputeState::Won);
    assert_eq!((minor(&dispute.withdrawn), minor(&dispute.fee)), (0, 1_500));
    assert!(dispute.close_time.is_some());
    assert_eq!(stage.list(true).await, []);
    assert_eq!(stage.disputed_among(&[bill]).await, []);
    assert_eq!(
        stage.event_types().await,
        [
            "PaymentSucceeded",
            "DisputeOpened",
            "DisputeFundsWithdrawn",
            "DisputeFundsReinstated",
            "DisputeClosed"
        ]
    );
    stage.refund(&paid, 4_000, false).await.expect("refunded");
    stage.finish().await;
}

#[tokio::test]
async fn r29_a_lost_dispute_keeps_its_money_and_is_never_refunded() {
    let stage = Stage::start().await;
    let (_, paid) = stage.disputed().await;
    stage.decide("lost").await;
    let dispute = stage.dispute().await;
    assert_eq!(dispute.state(), DisputeState::Lost);
    assert_eq!(minor(&dispute.withdrawn), 4_000);
    assert_eq!(reason(stage.refund(&paid, 1, false).await), "DISPUTED");
    stage.finish().await;
}

#[tokio::test]
async fn r29_an_inquiry_takes_nothing_until_it_becomes_a_dispute() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    stage.pay(bill, 4_000, "pm_card_createDisputeInquiry").await;
    stage.webhooks_came("charge.dispute.created", 1).await;
    stage.process_webhooks().await;
    let inquiry = stage.dispute().await;
    assert_eq!(inquiry.state(), DisputeState::InquiryOpen);
    assert_eq!(minor(&inquiry.withdrawn), 0);
    assert_eq!(stage.disputed_among(&[bill]).await, [bill]);
    stage.decide("escalated").await;
    let dispute = stage.dispute().await;
    assert_eq!(dispute.state(), DisputeState::NeedsResponse);
    assert_eq!(minor(&dispute.withdrawn), 4_000);
    stage.finish().await;
}

#[tokio::test]
async fn f04_words_about_a_dispute_in_reverse_twentyfold_and_days_late_are_one_dispute() {
    let stage = Stage::start().await;
    stage
        .command("webhook_plan", json!({ "plan": "hold", "count": 1000 }))
        .await;
    let bill = stage.bill(4_000).await;
    stage.pay(bill, 4_000, DISPUTED).await;
    let path = format!("disputes/{}/settle", stage.dispute_object().await);
    stage.command(&path, json!({ "outcome": "won" })).await;
    stage.minutes(3 * 24 * 60);
    stage
        .command("webhooks/release", json!({ "reversed": true }))
        .await;
    stage.webhooks_came("charge.dispute.created", 1).await;
    stage.webhooks_came("charge.dispute.closed", 1).await;
    // Workers at once, as replicas have them.
    join_all((0..4).map(|_| stage.process_webhooks())).await;
    stage.minutes(60);
    stage.process_webhooks().await;
    assert_eq!(stage.dispute().await.state(), DisputeState::Won);
    let announced = stage.event_types().await;
    let of_disputes = announced.iter().filter(|kind| kind.starts_with("Dispute"));
    assert_eq!(of_disputes.count(), 4, "{announced:?}");
    assert_eq!(stage.webhooks_waiting().await, 0);
    stage.finish().await;
}

#[tokio::test]
async fn r29_a_dispute_of_a_payment_that_is_not_known_to_have_succeeded_waits() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    stage
        .command(
            "webhook_plan",
            json!({ "plan": "drop", "types": ["payment_intent.*"], "count": 1000 }),
        )
        .await;
    stage
        .fault("/v1/payment_intents/*/confirm", "reset_after_work")
        .await;
    let unknown = stage.pay(bill, 4_000, DISPUTED).await;
    assert_eq!(unknown.state(), PaymentState::Unknown);
    stage
        .webhooks_came("charge.dispute.funds_withdrawn", 1)
        .await;
    stage.process_webhooks().await;
    assert_eq!(stage.list(false).await, []);
    stage.minutes(2);
    stage.reconcile().await;
    stage.process_webhooks().await;
    assert_eq!(stage.dispute().await.state(), DisputeState::NeedsResponse);
    stage.finish().await;
}

#[tokio::test]
async fn f08_a_refund_and_a_dispute_at_once_never_give_the_money_twice() {
    for _ in 0..4 {
        let stage = Stage::start().await;
        let bill = stage.bill(4_000).await;
        let paid = stage.pay(bill, 4_000, VISA).await;
        let intent = stage.intent_of(&paid).await;
        let url = format!("{}/_sandbox/disputes", stage.sandbox.url());
        let dispute = async {
            let body = json!({ "payment_intent": intent });
            let sent = reqwest::Client::new().post(url).json(&body).send().await;
            sent.expect("an answer").status().is_success()
        };
        let (refund, disputed) = tokio::join!(stage.refund(&paid, 4_000, false), dispute);
        if disputed {
            stage
                .webhooks_came("charge.dispute.funds_withdrawn", 1)
                .await;
        }
        stage.process_webhooks().await;
        let after = stage.payment(&paid).await;
        let (refunded, withdrawn) = match stage.list(false).await.as_slice() {
            [] => (minor(&after.refunded), 0),
            [dispute] => (minor(&after.refunded), minor(&dispute.withdrawn)),
            [_, _, ..] => panic!("one dispute"),
        };
        assert_eq!(refunded + withdrawn, 4_000, "given once: {refund:?}");
        stage.finish().await;
    }
}

#[tokio::test]
async fn r29_another_practices_dispute_is_not_there() {
    let stage = Stage::start().await;
    stage.disputed().await;
    let dispute = stage.dispute().await;
    let other = ids::PracticeId::new(&stage.clock);
    crate::neighbours::register(stage.db.pool(), other).await;
    let claims = move |claims: Claims| Claims {
        practice_id: Some(other.to_string()),
        ..claims
    };
    let mut stranger = DisputeServiceClient::new(stage.connection(claims));
    let request = GetDisputeRequest {
        practice_id: other.to_string(),
        dispute_id: dispute.dispute_id,
    };
    let answer = stranger.get_dispute(request).await;
    assert_eq!(reason(answer), "DISPUTE_NOT_FOUND");
    let request = ListDisputesRequest {
        practice_id: other.to_string(),
        ..ListDisputesRequest::default()
    };
    let listed = stranger.list_disputes(request).await.expect("listed");
    assert_eq!(listed.into_inner().disputes, []);
    stage.finish().await;
}

#[tokio::test]
async fn r26_refunds_made_in_stripe_are_written_down_and_booked_once() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let paid = stage.pay(bill, 4_000, VISA).await;
    stage
        .command(
            "webhook_plan",
            json!({ "plan": "duplicate", "times": 20, "count": 1000 }),
        )
        .await;
    stage.refunded_in_stripe(&paid, 700).await;
    stage.webhooks_came("refund.created", 1).await;
    join_all((0..4).map(|_| stage.process_webhooks())).await;
    stage.refunded_in_stripe(&paid, 300).await;
    stage.webhooks_came("refund.created", 2).await;
    join_all((0..4).map(|_| stage.process_webhooks())).await;
    stage.minutes(60);
    stage.process_webhooks().await;
    let after = stage.payment(&paid).await;
    assert_eq!(after.refunded, Some(usd(1_000)));
    let refunds = after.refunds.iter();
    let refunds: Vec<_> = refunds
        .map(|it| (minor(&it.amount), it.state(), it.made_at_processor))
        .collect();
    assert_eq!(
        refunds,
        [
            (700, RefundState::Succeeded, true),
            (300, RefundState::Succeeded, true)
        ]
    );
    assert_eq!(stage.billing.books().refunds.len(), 2, "booked at once");
    assert_eq!(
        reason(stage.refund(&paid, 3_001, false).await),
        "EXCEEDS_PAYMENT"
    );
    stage.refund(&paid, 3_000, false).await.expect("the rest");
    stage.finish().await;
}

#[tokio::test]
async fn r26_a_slow_refund_made_in_stripe_is_followed_and_never_sent_again() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let paid = stage.pay(bill, 4_000, "pm_card_pendingRefund").await;
    let made = stage.refunded_in_stripe(&paid, 700).await;
    stage.webhooks_came("refund.created", 1).await;
    stage.process_webhooks().await;
    let pending = stage.payment(&paid).await;
    assert_eq!(pending.refunds[0].state(), RefundState::Processing);
    // The word of its end never comes.
    stage
        .command("webhook_plan", json!({ "plan": "drop", "count": 1000 }))
        .await;
    let path = format!("refunds/{}/settle", made["id"].as_str().expect("an id"));
    stage.command(&path, json!({ "status": "succeeded" })).await;
    stage.minutes(2);
    assert_eq!(stage.reconcile().await, 1);
    let after = stage.payment(&paid).await;
    assert_eq!(after.refunds.len(), 1);
    assert_eq!(after.refunds[0].state(), RefundState::Succeeded);
    stage.finish().await;
}

#[tokio::test]
async fn f08_a_refund_that_succeeded_and_came_back_can_be_given_again() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let paid = stage.pay(bill, 4_000, "pm_card_refundFail").await;
    stage.refund(&paid, 4_000, false).await.expect("sent");
    let book = stage.asked("book").await;
    let object = book["accounts"][0]["refunds"][0]["id"]
        .as_str()
        .expect("an id");
    let path = format!("refunds/{object}/settle");
    stage.command(&path, json!({ "status": "failed" })).await;
    stage.webhooks_came("refund.failed", 1).await;
    join_all((0..4).map(|_| stage.process_webhooks())).await;
    let after = stage.payment(&paid).await;
    assert_eq!(after.refunds[0].state(), RefundState::Failed);
    assert_eq!(after.refunded, Some(usd(0)));
    let told: Vec<Vec<u8>> = sqlx::query_scalar(
        "select payload from payments.outbox where event_type = 'evenkeel.payments.v1.RefundFailed'",
    )
    .fetch_all(stage.db.owner_pool())
    .await
    .expect("read");
    assert_eq!(told.len(), 1);
    let told = RefundFailed::decode(&*told[0]).expect("an event");
    assert!(told.came_back && told.fail_date.is_some());
    stage.refund(&paid, 4_000, true).await.expect("as credit");
    stage.finish().await;
}
