//! R26: what the processor reports.

use crate::neighbours::deliver;
use crate::stage::{NEXT_WEBHOOK_SECRET, Stage, VISA, WEBHOOK_SECRET, reason};
use proto::payments::v1::*;
use serde_json::json;

/// A charge that the processor has made while payments does not know it: the answer was lost.
async fn lost_answer(stage: &Stage) -> Payment {
    let bill = stage.bill(4_000).await;
    stage
        .fault("/v1/payment_intents/*/confirm", "reset_after_work")
        .await;
    let unknown = stage.pay(bill, 4_000, VISA).await;
    assert_eq!(unknown.state(), PaymentState::Unknown);
    unknown
}

#[tokio::test]
async fn f03_a_webhook_that_is_first_settles_the_payment() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    // The processor reports before it answers, and the answer comes too late for us.
    stage
        .fault("/v1/payment_intents/*/confirm", "delay_after_work=900ms")
        .await;
    let asked = stage.pay_request(bill, 4_000, VISA);
    let (paid, ()) = tokio::join!(stage.try_pay(asked), async {
        stage.webhooks_came("payment_intent.succeeded", 1).await;
        stage.process_webhooks().await;
    });
    assert_eq!(
        paid.expect("an answer").state(),
        PaymentState::Succeeded,
        "the late unknown undoes nothing"
    );
    stage.finish().await;
}

#[tokio::test]
async fn f03_a_webhook_about_an_object_that_is_not_known_yet_waits() {
    let stage = Stage::start().await;
    let body = br#"{"id":"evt_early","object":"event","type":"payment_intent.succeeded","created":1772463600,
        "livemode":false,"data":{"object":{"id":"pi_unheard_of","object":"payment_intent"}}}"#;
    let signature = signed(&stage, WEBHOOK_SECRET, body);
    deliver(&stage.url, "platform", &signature, body)
        .await
        .expect("received");
    assert_eq!(
        (
            stage.process_webhooks().await,
            stage.webhooks_waiting().await
        ),
        (1, 1)
    );
    assert_eq!(stage.process_webhooks().await, 0, "it waits a while");
    stage.minutes(60);
    assert_eq!(
        (
            stage.process_webhooks().await,
            stage.webhooks_waiting().await
        ),
        (1, 1),
        "it is never answered away"
    );
    stage.finish().await;
}

#[tokio::test]
async fn f04_twenty_webhooks_at_once_are_one() {
    let stage = Stage::start().await;
    stage
        .command("webhook_plan", json!({ "plan": "duplicate", "times": 20 }))
        .await;
    let unknown = lost_answer(&stage).await;
    stage.webhooks_came("payment_intent.succeeded", 1).await;
    stage.process_webhooks().await;
    let events: i64 = sqlx::query_scalar(
        "select count(*) from payments.webhooks where event_kind = 'payment_intent.succeeded'",
    )
    .fetch_one(stage.db.owner_pool())
    .await
    .expect("counted");
    assert_eq!(events, 1);
    assert_eq!(
        stage.payment(&unknown).await.state(),
        PaymentState::Succeeded
    );
    assert_eq!(stage.process_webhooks().await, 0);
    stage.finish().await;
}

#[tokio::test]
async fn f04_a_webhook_three_days_late_and_in_reverse_order_changes_nothing_more() {
    let stage = Stage::start().await;
    stage
        .command("webhook_plan", json!({ "plan": "hold" }))
        .await;
    let unknown = lost_answer(&stage).await;
    stage.minutes(1);
    stage.reconcile().await;
    assert_eq!(
        stage.payment(&unknown).await.state(),
        PaymentState::Succeeded,
        "the reconciler was faster"
    );
    let postings = stage.billing.books().calls;
    stage.minutes(3 * 24 * 60);
    stage
        .command("webhooks/release", json!({ "reversed": true }))
        .await;
    stage.webhooks_came("payment_intent.succeeded", 1).await;
    stage.process_webhooks().await;
    assert_eq!(
        stage.payment(&unknown).await.state(),
        PaymentState::Succeeded
    );
    assert_eq!(stage.billing.books().calls, postings);
    stage.finish().await;
}

#[tokio::test]
async fn f05_without_any_webhook_the_reconciler_finds_out() {
    let stage = Stage::start().await;
    stage
        .command("webhook_plan", json!({ "plan": "drop" }))
        .await;
    let unknown = lost_answer(&stage).await;
    assert_eq!(stage.reconcile().await, 0, "not before a minute has passed");
    stage.minutes(1);
    assert_eq!(stage.reconcile().await, 1);
    let settled = stage.payment(&unknown).await;
    assert_eq!(
        (settled.state(), settled.method_text.as_str()),
        (PaymentState::Succeeded, "Visa ending in 4242")
    );
    stage.minutes(24 * 60);
    assert_eq!(stage.reconcile().await, 0, "what is settled is left alone");
    stage.finish().await;
}

#[tokio::test]
async fn r26_a_forged_or_malformed_webhook_is_refused_and_not_kept() {
    let stage = Stage::start().await;
    let body =
        br#"{"id":"evt_1","object":"event","type":"payment_intent.succeeded","created":1772463600,
        "livemode":false,"data":{"object":{"id":"pi_1","object":"payment_intent"}}}"#;
    let good = signed(&stage, WEBHOOK_SECRET, body);
    let old = stage.clock.now().as_second() - 301;
    let stale = stripe_sandbox::sign(WEBHOOK_SECRET, old, body);
    for signature in ["", "nonsense", &signed(&stage, "whsec_wrong", body), &stale] {
        let refused = deliver(&stage.url, "platform", signature, body).await;
        assert_eq!(reason(refused), "SIGNATURE_INVALID", "{signature}");
    }
    let changed = [&body[..], b" "].concat();
    assert_eq!(
        reason(deliver(&stage.url, "platform", &good, &changed).await),
        "SIGNATURE_INVALID"
    );
    assert_eq!(
        reason(deliver(&stage.url, "elsewhere", &good, body).await),
        "SIGNATURE_INVALID"
    );
    for nonsense in [&b"{}"[..], b"", b"\xff\xfe", b"[1,2", br#"{"id":"evt_1"}"#] {
        let signature = signed(&stage, WEBHOOK_SECRET, nonsense);
        let refused = deliver(&stage.url, "platform", &signature, nonsense).await;
        let status = refused.as_ref().expect_err("refused");
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        assert_eq!(reason(refused), "WEBHOOK_MALFORMED");
    }
    assert_eq!(stage.webhooks_waiting().await, 0);
    // While a secret is being replaced, both are good.
    let next = signed(&stage, NEXT_WEBHOOK_SECRET, body);
    deliver(&stage.url, "platform", &next, body)
        .await
        .expect("received");
    deliver(&stage.url, "platform", &good, body)
        .await
        .expect("received again");
    assert_eq!(stage.webhooks_waiting().await, 1);
    stage.finish().await;
}

#[tokio::test]
async fn r26_events_of_no_matter_are_kept_and_done_with() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    stage.pay(bill, 4_000, VISA).await;
    stage.webhooks_came("charge.succeeded", 1).await;
    stage.webhooks_came("payment_intent.succeeded", 1).await;
    stage.process_webhooks().await;
    stage.minutes(1);
    stage.process_webhooks().await;
    assert_eq!(stage.webhooks_waiting().await, 0);
    stage.finish().await;
}

#[tokio::test]
async fn f04_an_event_of_an_account_that_is_not_ours_changes_nothing() {
    let stage = Stage::start().await;
    let unknown = lost_answer(&stage).await;
    let intent: String = sqlx::query_scalar(
        "select processor_intent from payments.payments where state = 'unknown'",
    )
    .fetch_one(stage.db.owner_pool())
    .await
    .expect("read");
    stage.webhooks_came("payment_intent.succeeded", 1).await;
    sqlx::query("delete from payments.webhooks")
        .execute(stage.db.owner_pool())
        .await
        .expect("none has come");
    let body = format!(
        r#"{{"id":"evt_elsewhere","object":"event","type":"payment_intent.succeeded","created":1772463600,
        "account":"acct_elsewhere","livemode":false,"data":{{"object":{{"id":"{intent}","object":"payment_intent"}}}}}}"#
    );
    let signature = signed(&stage, WEBHOOK_SECRET, body.as_bytes());
    deliver(&stage.url, "platform", &signature, body.as_bytes())
        .await
        .expect("received");
    assert_eq!(stage.process_webhooks().await, 0);
    assert_eq!(
        stage.payment(&unknown).await.state(),
        PaymentState::Unknown,
        "it was of no matter"
    );
    stage.minutes(1);
    stage.reconcile().await;
    stage.finish().await;
}

#[tokio::test]
async fn f04_an_event_that_was_written_anew_is_refused_and_the_original_again_is_nothing_new() {
    let stage = Stage::start().await;
    let body = br#"{"id":"evt_9","object":"event","type":"charge.updated","created":1772463600,"livemode":false,
        "data":{"object":{"id":"ch_1","object":"charge"}}}"#;
    let signature = signed(&stage, WEBHOOK_SECRET, body);
    let anew: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    let anew = serde_json::to_vec(&anew).expect("the same in other bytes");
    let refused = deliver(&stage.url, "platform", &signature, &anew).await;
    assert_eq!(reason(refused), "SIGNATURE_INVALID");
    for _ in 0..2 {
        deliver(&stage.url, "platform", &signature, body)
            .await
            .expect("received");
    }
    // Replayed with its old signature after five minutes it is not believed.
    stage.minutes(6);
    let replayed = deliver(&stage.url, "platform", &signature, body).await;
    assert_eq!(reason(replayed), "SIGNATURE_INVALID");
    stage.finish().await;
}

fn signed(stage: &Stage, secret: &str, body: &[u8]) -> String {
    stripe_sandbox::sign(secret, stage.clock.now().as_second(), body)
}
