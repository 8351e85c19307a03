//! R24: why a charge was declined, in words for whoever can do something about it.

use crate::stage::{Stage, VISA};
use ids::{ContactId, MethodId};
use prost::Message as _;
use proto::payments::v1::*;
use serde_json::json;

/// What our feed says of charges that failed, in order.
async fn announced(stage: &Stage) -> Vec<PaymentFailed> {
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(
        "select payload from payments.outbox
        where event_type = 'evenkeel.payments.v1.PaymentFailed' order by seq",
    )
    .fetch_all(stage.db.owner_pool())
    .await
    .expect("read");
    let decoded = rows.iter().map(|row| PaymentFailed::decode(&**row));
    decoded.map(|event| event.expect("an event")).collect()
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "a table of declines and what each says"
)]
async fn r24_each_decline_has_its_reason_its_next_step_and_says_whether_it_is_for_good() {
    use DeclineNextStep as Next;
    use DeclineReason as Why;
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let cases = [
        (
            "pm_card_chargeDeclined",
            Why::BankRefused,
            Next::AskBank,
            false,
        ),
        (
            "pm_card_chargeDeclinedInsufficientFunds",
            Why::InsufficientFunds,
            Next::TryLater,
            false,
        ),
        (
            "pm_card_chargeDeclinedExpiredCard",
            Why::Expired,
            Next::EnterAgain,
            true,
        ),
        (
            "pm_card_chargeDeclinedIncorrectCvc",
            Why::WrongDetails,
            Next::EnterAgain,
            true,
        ),
        (
            "pm_card_chargeDeclinedProcessingError",
            Why::ProcessingError,
            Next::TryLater,
            false,
        ),
        (
            "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
            Why::LimitExceeded,
            Next::TryLater,
            false,
        ),
        ("pm_nobody_knows", Why::WrongDetails, Next::EnterAgain, true),
    ];
    for (card, why, next, hard) in cases {
        let declined = stage.pay(bill, 4_000, card).await;
        assert_eq!(
            (
                declined.state(),
                declined.decline_reason(),
                declined.decline_next_step(),
                declined.decline_hard
            ),
            (PaymentState::Failed, why, next, hard),
            "{card}"
        );
        assert!(declined.decline_text.ends_with("Nothing was charged."));
        assert!(
            declined.decline_practice_text.is_empty(),
            "for the practice"
        );
        assert!(declined.decline_code.is_empty(), "for the practice");
        let seen = stage.payment(&declined).await;
        assert!(!seen.decline_practice_text.is_empty(), "{card}");
        assert!(!seen.decline_code.is_empty(), "{card}");
    }
    let told = announced(&stage).await;
    assert_eq!(told.len(), cases.len());
    for (event, (card, why, next, hard)) in told.iter().zip(cases) {
        assert_eq!(
            (event.decline_reason(), event.next_step(), event.hard),
            (why, next, hard),
            "{card}"
        );
        assert!(!event.practice_text.is_empty(), "the practice is told");
    }
    stage.finish().await;
}

#[tokio::test]
async fn r24_a_decline_says_which_card_was_declined() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let declined = stage.pay(bill, 4_000, "pm_card_chargeDeclined").await;
    assert_eq!(declined.method_text, "Visa ending in 0002");
    // The processor does not show what it never had.
    let unknown = stage.pay(bill, 4_000, "pm_nobody_knows").await;
    assert_eq!(unknown.method_text, "Card");
    // An answer that was lost, and that the object repeats.
    stage
        .fault("/v1/payment_intents/*/confirm", "reset_after_work")
        .await;
    let lost = stage.pay(bill, 4_000, "pm_card_chargeDeclined").await;
    assert_eq!(lost.state(), PaymentState::Unknown);
    stage.minutes(1);
    stage.reconcile().await;
    let read = stage.payment(&lost).await;
    assert_eq!(
        (read.state(), &*read.method_text),
        (PaymentState::Failed, "Visa ending in 0002")
    );
    let told = announced(&stage).await;
    let texts = told.into_iter().filter_map(|event| event.payment);
    let texts: Vec<_> = texts.map(|facts| facts.method_text).collect();
    assert_eq!(
        texts,
        ["Visa ending in 0002", "Card", "Visa ending in 0002"]
    );
    stage.finish().await;
}

#[tokio::test]
async fn r24_a_decline_and_a_refund_say_whose_card_it_was() {
    let stage = Stage::start().await;
    let mother = ContactId::new(&stage.clock);
    let with = |bill, method: MethodId| PayBillRequest {
        processor_method: String::new(),
        method_id: method.to_string(),
        ..stage.pay_request(bill, 4_000, "")
    };
    let failing = "pm_card_chargeCustomerFail";
    let cards = [
        stage.contacts_card_on_file(mother, failing).await,
        stage.card_on_file(failing).await,
    ];
    let bill = stage.bill(4_000).await;
    let mut owner = stage.owner();
    for card in cards {
        let declined = owner.pay_bill(with(bill, card)).await.expect("an answer");
        let declined = declined.into_inner().payment.expect("it");
        assert_eq!(declined.state(), PaymentState::Failed);
    }
    stage.pay(bill, 4_000, "pm_card_chargeDeclined").await;
    let whose: Vec<_> = announced(&stage).await.into_iter().map(payer_of).collect();
    let mothers = Some(mother.to_string());
    assert_eq!(whose, [mothers.clone(), Some(String::new()), None]);
    let card = stage.contacts_card_on_file(mother, VISA).await;
    let paid = owner.pay_bill(with(bill, card)).await.expect("paid");
    let paid = paid.into_inner().payment.expect("it");
    stage.refund(&paid, 1_000, false).await.expect("given back");
    stage.refund(&paid, 1_000, true).await.expect("as credit");
    let back = stage.announced("RefundSucceeded").await;
    let back = back.iter().map(|it| RefundSucceeded::decode(&**it));
    let whose = back.map(|it| it.expect("an event").payer.map(|payer| payer.contact_id));
    assert_eq!(whose.collect::<Vec<_>>(), [mothers.clone(), mothers]);
    stage.finish().await;
}

/// The contact whose card was declined; empty for the client's.
fn payer_of(event: PaymentFailed) -> Option<String> {
    event.payer.map(|payer| payer.contact_id)
}

#[tokio::test]
async fn r24_that_a_card_was_reported_is_for_the_practice_only() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let plain = stage.pay(bill, 4_000, "pm_card_chargeDeclined").await;
    for card in [
        "pm_card_visa_chargeDeclinedStolenCard",
        "pm_card_visa_chargeDeclinedLostCard",
        "pm_card_radarBlock",
    ] {
        let declined = stage.pay(bill, 4_000, card).await;
        assert_eq!(
            (declined.decline_reason(), &declined.decline_text),
            (DeclineReason::BankRefused, &plain.decline_text),
            "{card}"
        );
        let seen = stage.payment(&declined).await;
        assert_eq!(seen.decline_reason(), DeclineReason::LostOrStolen, "{card}");
        assert!(seen.decline_practice_text.contains("lost or stolen"));
        assert!(seen.decline_hard, "{card} will not pay");
    }
    stage.finish().await;
}

#[tokio::test]
async fn r24_after_a_decline_another_card_pays_the_same_bill_at_once() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let declined = stage
        .pay(bill, 4_000, "pm_card_chargeDeclinedInsufficientFunds")
        .await;
    assert_eq!(declined.state(), PaymentState::Failed);
    assert_eq!(stage.billing.held(bill), 0, "the bill is free");
    let paid = stage.pay(bill, 4_000, VISA).await;
    assert_eq!(paid.state(), PaymentState::Succeeded);
    assert_ne!(paid.payment_id, declined.payment_id);
    assert_eq!(stage.billing.balance(bill), 0);
    stage.finish().await;
}

#[tokio::test]
async fn r24_a_bank_debit_that_fails_days_later_says_so_in_words_for_bank_accounts() {
    let stage = Stage::start().await;
    for (decline, why, hard) in [
        (
            "bank_insufficient_funds",
            DeclineReason::InsufficientFunds,
            false,
        ),
        ("bank_account_closed", DeclineReason::AccountClosed, true),
        ("bank_no_account", DeclineReason::WrongDetails, true),
        (
            "bank_debit_not_authorized",
            DeclineReason::NotAuthorized,
            true,
        ),
    ] {
        let bill = stage.bill(4_000).await;
        let debit = stage.pay(bill, 4_000, "pm_usBankAccount_processing").await;
        assert_eq!(debit.state(), PaymentState::Processing);
        let intent = stage.intent_of(&debit).await;
        stage.minutes(3 * 24 * 60);
        let end = json!({ "outcome": "failed", "decline": decline });
        stage
            .command(&format!("payment_intents/{intent}/settle"), end)
            .await;
        stage.reconcile().await;
        let failed = stage.payment(&debit).await;
        assert_eq!(
            (failed.state(), failed.decline_reason(), failed.decline_hard),
            (PaymentState::Failed, why, hard),
            "{decline}"
        );
        assert!(
            failed.decline_text.starts_with("The bank account"),
            "{}",
            failed.decline_text
        );
        assert_eq!(stage.billing.held(bill), 0, "others can pay it now");
        assert_eq!(stage.billing.balance(bill), 4_000);
    }
    stage.finish().await;
}
