//! R25: money goes back.

use crate::stage::{Stage, VISA, reason, usd};
use proto::billing::v1::PaymentKind;
use proto::payments::v1::*;
use testkit::request_id;

async fn paid(stage: &Stage, amount: i64, method: &str) -> Payment {
    let bill = stage.bill(amount).await;
    let paid = stage.pay(bill, amount, method).await;
    assert_eq!(paid.state(), PaymentState::Succeeded);
    paid
}

#[tokio::test]
async fn r25_a_card_payment_goes_back_in_parts_until_nothing_is_left() {
    let stage = Stage::start().await;
    let payment = paid(&stage, 4_000, VISA).await;
    for (amount, refunded) in [(1_500, 1_500), (2_000, 3_500), (500, 4_000)] {
        let answer = stage
            .refund(&payment, amount, false)
            .await
            .expect("refunded");
        assert_eq!(
            answer.refund.expect("a refund").state(),
            RefundState::Succeeded
        );
        assert_eq!(
            answer.payment.expect("the payment").refunded,
            Some(usd(refunded))
        );
    }
    assert_eq!(
        reason(stage.refund(&payment, 1, false).await),
        "EXCEEDS_PAYMENT"
    );
    assert_eq!(stage.payment(&payment).await.refunds.len(), 3);
    stage.finish().await;
}

#[tokio::test]
async fn r25_a_replay_gives_back_once_and_other_content_is_refused() {
    let stage = Stage::start().await;
    let payment = paid(&stage, 4_000, VISA).await;
    let request = RefundPaymentRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        payment_id: payment.payment_id.clone(),
        amount: Some(usd(1_000)),
        reason: "paid twice".to_owned(),
        to_credit: false,
    };
    let first = stage
        .owner()
        .refund_payment(request.clone())
        .await
        .expect("refunded")
        .into_inner();
    let again = stage
        .owner()
        .refund_payment(request.clone())
        .await
        .expect("the same")
        .into_inner();
    assert_eq!(first, again);
    let other = RefundPaymentRequest {
        to_credit: true,
        ..request.clone()
    };
    assert_eq!(
        reason(stage.owner().refund_payment(other).await),
        "REQUEST_ID_REUSED"
    );
    let telling = RefundPaymentRequest {
        reason: "card 4242424242424242".to_owned(),
        request_id: testkit::request_id(),
        ..request
    };
    assert_eq!(
        reason(stage.owner().refund_payment(telling).await),
        "CARD_NUMBER_IN_TEXT"
    );
    stage.finish().await;
}

#[tokio::test]
async fn r25_to_credit_and_offline_refunds_are_recorded_without_the_processor() {
    let stage = Stage::start().await;
    let card = paid(&stage, 4_000, VISA).await;
    let kept = stage
        .refund(&card, 1_000, true)
        .await
        .expect("kept as credit")
        .refund
        .expect("a refund");
    assert!(kept.to_credit);
    assert_eq!(kept.state(), RefundState::Succeeded);
    let cash = RecordPaymentRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        client_id: stage.client.to_string(),
        kind: PaymentKind::Cash.into(),
        amount: Some(usd(2_000)),
        ..RecordPaymentRequest::default()
    };
    let cash = stage
        .owner()
        .record_payment(cash)
        .await
        .expect("recorded")
        .into_inner()
        .payment
        .expect("a payment");
    let back = stage
        .refund(&cash, 2_000, false)
        .await
        .expect("refunded")
        .refund
        .expect("a refund");
    assert_eq!(back.state(), RefundState::Succeeded);
    assert_eq!(stage.billing.books().refunds.len(), 2, "booked at once");
    let book = stage.asked("book").await;
    assert!(
        book["accounts"][0]["refunds"]
            .as_array()
            .is_none_or(Vec::is_empty)
    );
    stage.finish().await;
}

#[tokio::test]
async fn r25_only_what_came_goes_back() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let declined = stage.pay(bill, 4_000, "pm_card_chargeDeclined").await;
    assert_eq!(
        reason(stage.refund(&declined, 1, false).await),
        "PAYMENT_NOT_SUCCEEDED"
    );
    let payment = paid(&stage, 4_000, VISA).await;
    assert_eq!(
        reason(stage.refund(&payment, 4_001, false).await),
        "EXCEEDS_PAYMENT"
    );
    assert_eq!(
        reason(stage.refund(&payment, 0, false).await),
        "INVALID_FIELD"
    );
    stage.finish().await;
}

#[tokio::test]
async fn f08_fifty_refunds_at_once_never_exceed_the_payment() {
    let stage = Stage::start().await;
    let payment = paid(&stage, 4_000, VISA).await;
    let calls = (0..50).map(|number| stage.refund(&payment, 300, number % 2 == 0));
    let answers = futures::future::join_all(calls).await;
    let granted = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(granted, 13, "13 × 3.00 of 40.00");
    for answer in answers.into_iter().filter(Result::is_err) {
        assert_eq!(reason(answer), "EXCEEDS_PAYMENT");
    }
    assert_eq!(stage.payment(&payment).await.refunded, Some(usd(3_900)));
    stage.finish().await;
}

#[tokio::test]
async fn f02_a_refund_whose_answer_was_lost_is_found_and_not_sent_twice() {
    for fault in [
        "reset_after_work",
        "status_after_work=500",
        "timeout",
        "reset",
    ] {
        let stage = Stage::start().await;
        stage
            .command("webhook_plan", serde_json::json!({ "plan": "drop" }))
            .await;
        let payment = paid(&stage, 4_000, VISA).await;
        stage.fault("/v1/refunds", fault).await;
        let lost = stage
            .refund(&payment, 1_000, false)
            .await
            .expect("written down")
            .refund
            .expect("a refund");
        assert_eq!(lost.state(), RefundState::Unknown, "{fault}");
        stage.minutes(1);
        assert_eq!(stage.reconcile().await, 1, "{fault}");
        let after = stage.payment(&payment).await;
        assert_eq!(after.refunds[0].state(), RefundState::Succeeded, "{fault}");
        assert_eq!(after.refunded, Some(usd(1_000)), "{fault}");
        stage.finish().await;
    }
}

#[tokio::test]
async fn f02_a_refund_that_a_busy_processor_did_not_take_is_sent_later() {
    let stage = Stage::start().await;
    let payment = paid(&stage, 4_000, VISA).await;
    stage.fault("/v1/refunds", "status=429").await;
    let waiting = stage
        .refund(&payment, 1_000, false)
        .await
        .expect("written down")
        .refund
        .expect("a refund");
    assert_eq!(waiting.state(), RefundState::Created);
    assert_eq!(
        reason(stage.refund(&payment, 3_001, false).await),
        "EXCEEDS_PAYMENT",
        "pending counts"
    );
    stage.minutes(1);
    stage.reconcile().await;
    assert_eq!(
        stage.payment(&payment).await.refunds[0].state(),
        RefundState::Succeeded
    );
    stage.finish().await;
}

#[tokio::test]
async fn r25_a_slow_refund_is_told_by_webhook() {
    let stage = Stage::start().await;
    let payment = paid(&stage, 4_000, "pm_card_pendingRefund").await;
    let pending = stage
        .refund(&payment, 4_000, false)
        .await
        .expect("sent")
        .refund
        .expect("a refund");
    assert_eq!(pending.state(), RefundState::Processing);
    let book = stage.asked("book").await;
    let object = book["accounts"][0]["refunds"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("refunds/{object}/settle");
    stage
        .command(&path, serde_json::json!({ "status": "succeeded" }))
        .await;
    stage.webhooks_came("refund.updated", 1).await;
    stage.process_webhooks().await;
    assert_eq!(
        stage.payment(&payment).await.refunds[0].state(),
        RefundState::Succeeded
    );
    stage.finish().await;
}

#[tokio::test]
async fn f08_a_pending_refund_that_fails_can_be_asked_for_again() {
    let stage = Stage::start().await;
    let payment = paid(&stage, 4_000, "pm_card_pendingRefund").await;
    stage.refund(&payment, 4_000, false).await.expect("sent");
    let book = stage.asked("book").await;
    let object = book["accounts"][0]["refunds"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("refunds/{object}/settle");
    stage
        .command(&path, serde_json::json!({ "status": "failed" }))
        .await;
    stage.minutes(1);
    stage.reconcile().await;
    let after = stage.payment(&payment).await;
    assert_eq!(
        (after.refunds[0].state(), after.refunded),
        (RefundState::Failed, Some(usd(0)))
    );
    let again = stage
        .refund(&payment, 4_000, true)
        .await
        .expect("as credit then");
    assert_eq!(
        again.refund.expect("a refund").state(),
        RefundState::Succeeded
    );
    stage.finish().await;
}
