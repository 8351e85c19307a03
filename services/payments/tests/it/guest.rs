//! R16 and R17: a bill is paid by card.

use crate::stage::{Stage, VISA, reason, usd};
use ids::BillId;
use proto::payments::v1::*;

#[tokio::test]
async fn r16_a_guest_pays_a_bill_in_full() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let request = stage.pay_request(bill, 4_000, VISA);
    let paid = stage.try_pay(request.clone()).await.expect("paid");
    assert_eq!(paid.state(), PaymentState::Succeeded);
    assert_eq!(paid.method_text, "Visa ending in 4242");
    assert!(
        paid.processor_url.is_empty(),
        "the dashboard is the practice's"
    );
    let seen = stage.payment(&paid).await;
    assert!(
        seen.processor_url
            .starts_with("https://dashboard.stripe.com/test/payments/pi_"),
        "{}",
        seen.processor_url
    );
    assert!(paid.client_secret.is_empty());
    assert_eq!(stage.billing.balance(bill), 0);
    assert!(
        stage.billing.books().holds.is_empty(),
        "nothing is held any more"
    );
    let again = stage.try_pay(request).await.expect("the same");
    assert_eq!(
        (again.state(), again.payment_id),
        (PaymentState::Succeeded, paid.payment_id)
    );
    stage.finish().await;
}

#[tokio::test]
async fn r16_a_bill_is_paid_in_two_parts() {
    let stage = Stage::start().await;
    let bill = stage.untold_bill(4_000);
    for (part, left) in [(1_500, 2_500), (2_500, 0)] {
        assert_eq!(
            stage.pay(bill, part, VISA).await.state(),
            PaymentState::Succeeded
        );
        assert_eq!(stage.billing.balance(bill), left);
    }
    let more = stage.pay_request(bill, 100, VISA);
    assert_eq!(reason(stage.try_pay(more.clone()).await), "NOTHING_DUE");
    assert_eq!(
        reason(stage.try_pay(more).await),
        "NOTHING_DUE",
        "a repeat is told the same"
    );
    stage.finish().await;
}

#[tokio::test]
async fn r16_a_declined_card_says_what_to_do_and_another_pays() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    for (card, why) in [
        (
            "pm_card_chargeDeclinedInsufficientFunds",
            DeclineReason::InsufficientFunds,
        ),
        ("pm_card_chargeDeclinedExpiredCard", DeclineReason::Expired),
        (
            "pm_card_chargeDeclinedIncorrectCvc",
            DeclineReason::WrongDetails,
        ),
        (
            "pm_card_chargeDeclinedProcessingError",
            DeclineReason::ProcessingError,
        ),
        (
            "pm_card_visa_chargeDeclinedStolenCard",
            DeclineReason::BankRefused,
        ),
        ("pm_card_chargeDeclined", DeclineReason::BankRefused),
        ("pm_nobody_knows", DeclineReason::WrongDetails),
    ] {
        let declined = stage.pay(bill, 4_000, card).await;
        assert_eq!(
            (declined.state(), declined.decline_reason()),
            (PaymentState::Failed, why),
            "{card}"
        );
        assert!(
            declined.decline_text.ends_with("Nothing was charged."),
            "{card}"
        );
        assert!(
            stage.billing.books().holds.is_empty(),
            "the hold is released"
        );
    }
    assert_eq!(
        stage.pay(bill, 4_000, VISA).await.state(),
        PaymentState::Succeeded
    );
    assert_eq!(stage.billing.balance(bill), 0);
    stage.finish().await;
}

#[tokio::test]
async fn r16_a_guest_pays_and_sees_its_own_bill_only() {
    let stage = Stage::start().await;
    let (own, other) = (stage.bill(4_000).await, stage.bill(7_000).await);
    let theirs = stage.pay(other, 7_000, VISA).await;
    let request = stage.pay_request(other, 4_000, VISA);
    assert_eq!(
        reason(stage.guest(own).pay_bill(request).await),
        "BILL_NOT_FOUND"
    );
    let read = GetPaymentRequest {
        practice_id: stage.practice.to_string(),
        payment_id: theirs.payment_id.clone(),
    };
    assert_eq!(
        reason(stage.guest(own).get_payment(read.clone()).await),
        "PAYMENT_NOT_FOUND"
    );
    assert!(stage.guest(other).get_payment(read).await.is_ok());
    let list = ListPaymentsRequest {
        practice_id: stage.practice.to_string(),
        ..ListPaymentsRequest::default()
    };
    assert_eq!(
        stage
            .guest(own)
            .list_payments(list)
            .await
            .expect_err("not for guests")
            .code(),
        tonic::Code::PermissionDenied
    );
    stage.finish().await;
}

#[tokio::test]
async fn r16_what_cannot_be_paid_is_refused_before_anything_is_charged() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let cancelled = stage.bill(4_000).await;
    stage.billing.cancel(cancelled);
    let euros = proto::money::v1::Money {
        currency_code: "EUR".to_owned(),
        minor_units: 4_000,
    };
    for (request, expected) in [
        (
            stage.pay_request(bill, 4_001, VISA),
            "EXCEEDS_CLIENT_BALANCE",
        ),
        (stage.pay_request(cancelled, 4_000, VISA), "BILL_CANCELLED"),
        (
            stage.pay_request(BillId::new(&stage.clock), 4_000, VISA),
            "BILL_NOT_FOUND",
        ),
        (
            PayBillRequest {
                amount: Some(euros),
                ..stage.pay_request(bill, 1, VISA)
            },
            "CURRENCY_MISMATCH",
        ),
        (
            PayBillRequest {
                amount: Some(usd(0)),
                ..stage.pay_request(bill, 1, VISA)
            },
            "INVALID_FIELD",
        ),
        (
            stage.pay_request(bill, 4_000, "4242424242424242"),
            "INVALID_FIELD",
        ),
    ] {
        let shown = format!("{request:?}");
        assert_eq!(reason(stage.try_pay(request).await), expected, "{shown}");
    }
    assert!(
        stage.asked("book").await["accounts"][0]["charges"]
            .as_array()
            .is_none_or(Vec::is_empty)
    );
    stage.finish().await;
}

#[tokio::test]
async fn r16_a_bank_that_wants_the_payer_to_confirm_is_waited_for() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let asked = stage
        .pay(bill, 4_000, "pm_card_authenticationRequired")
        .await;
    assert_eq!(asked.state(), PaymentState::RequiresAction);
    assert!(
        asked.client_secret.contains("_secret_"),
        "the browser can send the payer to the bank"
    );
    let intent = stage.intent_of(&asked).await;
    let path = format!("payment_intents/{intent}/authenticate");
    stage
        .command(&path, serde_json::json!({ "outcome": "succeeded" }))
        .await;
    stage.webhooks_came("payment_intent.succeeded", 1).await;
    stage.process_webhooks().await;
    assert_eq!(stage.payment(&asked).await.state(), PaymentState::Succeeded);
    assert_eq!(stage.billing.balance(bill), 0);
    stage.finish().await;
}

#[tokio::test]
async fn r16_a_payer_who_does_not_come_back_is_not_charged() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let asked = stage
        .pay(bill, 4_000, "pm_card_authenticationRequired")
        .await;
    stage.minutes(1);
    assert_eq!(stage.reconcile().await, 1);
    assert_eq!(
        stage.payment(&asked).await.state(),
        PaymentState::RequiresAction,
        "there is time yet"
    );
    stage.minutes(16);
    assert_eq!(stage.reconcile().await, 1);
    assert_eq!(stage.payment(&asked).await.state(), PaymentState::Cancelled);
    let intent = stage.intent_of(&asked).await;
    let read = stage
        .payments
        .processor
        .get_payment_intent(&intent)
        .await
        .expect("read");
    assert_eq!(
        read.status,
        processor::IntentStatus::Canceled,
        "nobody can charge it any more"
    );
    assert_eq!(
        stage.pay(bill, 4_000, VISA).await.state(),
        PaymentState::Succeeded
    );
    stage.finish().await;
}

#[tokio::test]
async fn f06_of_two_payers_at_once_one_pays_and_the_other_is_told() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    stage
        .fault("/v1/payment_intents/*/confirm", "delay=300ms")
        .await;
    let one = stage.try_pay(stage.pay_request(bill, 4_000, VISA));
    let other = stage.try_pay(stage.pay_request(bill, 4_000, "pm_card_mastercard"));
    let (one, other) = tokio::join!(one, other);
    let (paid, refused) = if one.is_ok() {
        (one, other)
    } else {
        (other, one)
    };
    assert_eq!(paid.expect("one pays").state(), PaymentState::Succeeded);
    assert_eq!(reason(refused), "PAYMENT_IN_PROGRESS");
    assert_eq!(
        (stage.billing.balance(bill), stage.billing.books().credit),
        (0, 0)
    );
    stage.finish().await;
}

#[tokio::test]
async fn r16_a_bank_account_is_debited_and_booked_when_the_money_has_come() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let under_way = stage.pay(bill, 4_000, "pm_usBankAccount_processing").await;
    assert_eq!(under_way.state(), PaymentState::Processing);
    assert_eq!(stage.billing.balance(bill), 4_000);
    let intent = stage.intent_of(&under_way).await;
    let settle = format!("payment_intents/{intent}/settle");
    let succeeded = serde_json::json!({ "outcome": "succeeded" });
    stage.command(&settle, succeeded).await;
    stage.webhooks_came("payment_intent.succeeded", 1).await;
    stage.process_webhooks().await;
    let paid = stage.payment(&under_way).await;
    assert_eq!(paid.state(), PaymentState::Succeeded);
    assert_eq!(paid.kind(), proto::billing::v1::PaymentKind::BankDebit);
    assert!(paid.method_text.contains("account"), "{}", paid.method_text);
    stage.finish().await;
}

#[tokio::test]
#[should_panic(expected = "the processor's book and our payments")]
async fn the_audit_notices_a_payment_that_nobody_charged() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let declined = stage.pay(bill, 4_000, "pm_card_chargeDeclined").await;
    assert_eq!(declined.state(), PaymentState::Failed);
    sqlx::query("update payments.payments set state = 'succeeded'")
        .execute(stage.db.owner_pool())
        .await
        .expect("damaged on purpose");
    stage.finish().await;
}
