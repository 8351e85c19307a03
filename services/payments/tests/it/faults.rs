//! What breaks around a charge (reliability.md, faults to inject).

use crate::stage::{Stage, VISA, reason};
use proto::payments::v1::*;
use std::time::Duration;
use testkit::eventually;

#[tokio::test]
async fn f02_a_lost_answer_is_unknown_until_it_is_settled_with_one_charge() {
    for fault in [
        "timeout_after_work",
        "reset_after_work",
        "status_after_work=500",
        "garbage",
    ] {
        let stage = Stage::start().await;
        stage
            .command("webhook_plan", serde_json::json!({ "plan": "drop" }))
            .await;
        let bill = stage.bill(4_000).await;
        stage.fault("/v1/payment_intents/*/confirm", fault).await;
        let request = stage.pay_request(bill, 4_000, VISA);
        let unknown = stage.try_pay(request.clone()).await.expect("an answer");
        assert_eq!(unknown.state(), PaymentState::Unknown, "{fault}");
        assert_eq!(
            stage.billing.balance(bill),
            4_000,
            "{fault}: nothing is booked before it is known"
        );
        let other = stage.pay_request(bill, 4_000, VISA);
        assert_eq!(
            reason(stage.try_pay(other).await),
            "PAYMENT_IN_PROGRESS",
            "{fault}"
        );
        stage.minutes(1);
        assert_eq!(stage.reconcile().await, 1, "{fault}");
        let settled = stage.try_pay(request).await.expect("the same payment");
        assert_eq!(
            (settled.state(), settled.payment_id),
            (PaymentState::Succeeded, unknown.payment_id),
            "{fault}"
        );
        assert_eq!(stage.billing.balance(bill), 0, "{fault}");
        stage.finish().await;
    }
}

#[tokio::test]
async fn f02_a_call_that_never_arrived_is_made_again_under_its_key() {
    for (path, fault) in [
        ("/v1/payment_intents", "timeout"),
        ("/v1/payment_intents", "reset_after_work"),
        ("/v1/payment_intents/*/confirm", "timeout"),
        ("/v1/payment_intents/*/confirm", "reset"),
        ("/v1/payment_intents/*/confirm", "status=409"),
    ] {
        let stage = Stage::start().await;
        let bill = stage.bill(4_000).await;
        stage.fault(path, fault).await;
        let unknown = stage.pay(bill, 4_000, VISA).await;
        assert_eq!(unknown.state(), PaymentState::Unknown, "{path} {fault}");
        stage.minutes(1);
        assert_eq!(stage.reconcile().await, 1, "{path} {fault}");
        assert_eq!(
            stage.payment(&unknown).await.state(),
            PaymentState::Succeeded,
            "{path} {fault}"
        );
        stage.finish().await;
    }
}

#[tokio::test]
async fn f02_a_processor_that_fails_to_begin_has_charged_nothing_and_the_payer_may_try_again() {
    for fault in ["status=500", "status_after_work=500"] {
        let stage = Stage::start().await;
        let bill = stage.bill(4_000).await;
        stage.fault("/v1/payment_intents", fault).await;
        let failed = stage.pay(bill, 4_000, VISA).await;
        let why = DeclineReason::ProcessingError;
        assert_eq!(
            (failed.state(), failed.decline_reason()),
            (PaymentState::Failed, why),
            "{fault}"
        );
        assert_eq!(
            stage.pay(bill, 4_000, VISA).await.state(),
            PaymentState::Succeeded,
            "{fault}"
        );
        stage.finish().await;
    }
}

#[tokio::test]
async fn f02_a_busy_processor_is_told_and_the_same_request_goes_on() {
    for path in ["/v1/payment_intents", "/v1/payment_intents/*/confirm"] {
        let stage = Stage::start().await;
        let bill = stage.bill(4_000).await;
        stage.fault(path, "status=429").await;
        let request = stage.pay_request(bill, 4_000, VISA);
        let refused = stage.try_pay(request.clone()).await;
        assert_eq!(
            refused.as_ref().expect_err("busy").code(),
            tonic::Code::Unavailable,
            "{path}"
        );
        assert_eq!(reason(refused), "PROCESSOR_UNAVAILABLE", "{path}");
        let paid = stage.try_pay(request).await.expect("goes on");
        assert_eq!(paid.state(), PaymentState::Succeeded, "{path}");
        stage.finish().await;
    }
}

#[tokio::test]
async fn f02_a_payer_who_gave_up_is_not_charged_later() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    stage
        .fault("/v1/payment_intents/*/confirm", "status=429")
        .await;
    let request = stage.pay_request(bill, 4_000, VISA);
    assert_eq!(
        reason(stage.try_pay(request.clone()).await),
        "PROCESSOR_UNAVAILABLE"
    );
    stage.minutes(20);
    assert_eq!(stage.reconcile().await, 1);
    let cancelled = stage.try_pay(request).await.expect("as it stands");
    assert_eq!(cancelled.state(), PaymentState::Cancelled);
    assert_eq!(
        stage.pay(bill, 4_000, VISA).await.state(),
        PaymentState::Succeeded
    );
    stage.finish().await;
}

#[tokio::test]
async fn f09_a_charge_that_was_lost_for_days_is_read_and_never_made_anew() {
    let stage = Stage::start().await;
    stage
        .command("webhook_plan", serde_json::json!({ "plan": "drop" }))
        .await;
    let bill = stage.bill(4_000).await;
    stage
        .fault("/v1/payment_intents/*/confirm", "reset_after_work")
        .await;
    let lost = stage.pay(bill, 4_000, VISA).await;
    stage.minutes(3 * 24 * 60);
    assert_eq!(stage.reconcile().await, 1);
    assert_eq!(stage.payment(&lost).await.state(), PaymentState::Succeeded);
    stage.finish().await;
}

#[tokio::test]
async fn f12_a_client_that_goes_away_does_not_stop_its_payment() {
    let stage = Stage::start().await;
    for wait in [2, 20, 60, 150] {
        let bill = stage.bill(4_000).await;
        stage
            .fault("/v1/payment_intents/*/confirm", "delay=200ms")
            .await;
        let request = stage.pay_request(bill, 4_000, VISA);
        let call = stage.try_pay(request.clone());
        let gone = tokio::time::timeout(Duration::from_millis(wait), call).await;
        assert!(gone.is_err(), "the client left before the answer");
        // Whether or not the request had arrived: the same one again ends with one payment.
        let paid = eventually(Duration::from_secs(5), "the payment succeeds", || async {
            let paid = stage.try_pay(request.clone()).await.ok()?;
            (paid.state() == PaymentState::Succeeded).then_some(paid)
        });
        paid.await;
        // Whoever settled it posts it next; the repeat may have read it in between.
        eventually(Duration::from_secs(5), "the bill is paid", || async {
            (stage.billing.balance(bill) == 0).then_some(())
        })
        .await;
    }
    stage.finish().await;
}

#[tokio::test]
async fn billing_away_charges_nothing_and_the_same_request_goes_on() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    stage.billing.books().down = true;
    let request = stage.pay_request(bill, 4_000, VISA);
    assert_eq!(
        reason(stage.try_pay(request.clone()).await),
        "BILLING_UNAVAILABLE"
    );
    let book = stage.asked("book").await;
    assert!(
        book["accounts"][0]["charges"]
            .as_array()
            .is_none_or(Vec::is_empty),
        "no hold, no charge"
    );
    stage.billing.books().down = false;
    assert_eq!(
        stage.try_pay(request).await.expect("goes on").state(),
        PaymentState::Succeeded
    );
    stage.finish().await;
}

#[tokio::test]
async fn money_that_arrives_for_a_bill_that_was_paid_meanwhile_becomes_credit() {
    let stage = Stage::start().await;
    stage
        .command("webhook_plan", serde_json::json!({ "plan": "hold" }))
        .await;
    let bill = stage.bill(4_000).await;
    stage
        .fault("/v1/payment_intents/*/confirm", "reset_after_work")
        .await;
    let lost = stage.pay(bill, 4_000, VISA).await;
    stage.minutes(16);
    // The hold has ended by itself, and somebody else pays.
    assert_eq!(
        stage.pay(bill, 4_000, "pm_card_mastercard").await.state(),
        PaymentState::Succeeded
    );
    stage
        .command("webhooks/release", serde_json::json!({}))
        .await;
    stage.webhooks_came("payment_intent.succeeded", 2).await;
    stage.process_webhooks().await;
    assert_eq!(stage.payment(&lost).await.state(), PaymentState::Succeeded);
    assert_eq!(
        (stage.billing.balance(bill), stage.billing.books().credit),
        (0, 4_000)
    );
    stage.finish().await;
}
