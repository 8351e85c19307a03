use std::time::Duration;

use money::{Currency, Money};
use processor::{Confirmation, Instrument, IntentStatus, NewIntent, Processor, ProcessorError};

use crate::stage::{VISA, key, stage, usd};

#[tokio::test]
async fn a_card_payment_is_created_confirmed_and_read() {
    let stage = stage().await;
    let new = stage.intent(4_000);
    let made = stage
        .processor
        .create_payment_intent(new, "create")
        .await
        .expect("an intent");
    assert_eq!(made.status, IntentStatus::RequiresPaymentMethod);
    assert_eq!((made.amount, made.amount_received), (usd(4_000), usd(0)));
    assert_eq!(made.payment, Some(new.payment));
    assert!(made.client_secret.is_some() && made.charge.is_none() && made.instrument.is_none());

    let paid = stage.confirm(&made.id, VISA).await.expect("a payment");
    let read = stage
        .processor
        .get_payment_intent(&made.id)
        .await
        .expect("an intent");
    for intent in [paid, read] {
        assert_eq!(intent.status, IntentStatus::Succeeded);
        assert!(intent.status.is_final());
        assert_eq!(
            (intent.amount_received, intent.amount_refunded),
            (usd(4_000), usd(0))
        );
        assert!(
            intent
                .charge
                .is_some_and(|charge| charge.starts_with("ch_"))
        );
        assert!(intent.last_error.is_none() && !intent.disputed);
        let Some(Instrument::Card(card)) = intent.instrument else {
            panic!("not a card")
        };
        assert_eq!(
            (
                card.brand.as_str(),
                card.last4.as_str(),
                card.funding.as_str()
            ),
            ("visa", "4242", "credit")
        );
        assert!((1..=12).contains(&card.exp_month) && card.exp_year > 2_000);
    }
    assert_eq!(stage.captured().await, (1, 4_000));
}

#[tokio::test]
async fn a_declined_card_says_why_and_the_intent_takes_another() {
    let stage = stage().await;
    let intent = stage.created(4_000).await;
    let declined = stage
        .confirm(&intent.id, "pm_card_chargeDeclinedInsufficientFunds")
        .await;
    let Err(ProcessorError::Declined(decline)) = declined else {
        panic!("{declined:?}")
    };
    assert_eq!(decline.code, "card_declined");
    assert_eq!(decline.decline_code.as_deref(), Some("insufficient_funds"));
    assert_eq!(decline.message, "Your card has insufficient funds.");

    let read = stage
        .processor
        .get_payment_intent(&intent.id)
        .await
        .expect("an intent");
    assert_eq!(read.status, IntentStatus::RequiresPaymentMethod);
    assert_eq!(read.last_error, Some(decline));
    assert_eq!(stage.captured().await, (0, 0));

    let paid = stage.confirm(&intent.id, VISA).await.expect("a payment");
    assert_eq!(
        (paid.status, paid.last_error),
        (IntentStatus::Succeeded, None)
    );
    assert_eq!(stage.captured().await, (1, 4_000));
}

#[tokio::test]
async fn f02_a_lost_answer_is_unknown_until_the_object_is_read() {
    for fault in [
        "timeout_after_work",
        "reset_after_work",
        "status_after_work=500",
        "garbage",
    ] {
        let stage = stage().await;
        let intent = stage.created(4_000).await;
        stage.fault("/v1/payment_intents/*/confirm", fault).await;
        let hasty = stage
            .processor
            .clone()
            .with_timeout(Duration::from_millis(400));
        let with = Confirmation {
            payment_method: Some(VISA),
            ..Confirmation::default()
        };
        let outcome = hasty
            .confirm_payment_intent(&intent.id, with, "confirm")
            .await;
        assert!(
            matches!(outcome, Err(ProcessorError::Unknown { .. })),
            "{fault}: {outcome:?}"
        );

        let read = stage
            .processor
            .get_payment_intent(&intent.id)
            .await
            .expect("an intent");
        assert_eq!(read.status, IntentStatus::Succeeded, "{fault}");

        // The stored answer comes back, a stored 500 too; money moves once.
        let again = stage
            .processor
            .confirm_payment_intent(&intent.id, with, "confirm")
            .await;
        let stored = fault == "status_after_work=500";
        assert_eq!(again.is_err(), stored, "{fault}: {again:?}");
        assert_eq!(stage.captured().await, (1, 4_000), "{fault}");
    }
}

#[tokio::test]
async fn f02_a_request_that_never_arrived_is_unknown_too_and_may_be_repeated() {
    for fault in ["timeout", "reset"] {
        let stage = stage().await;
        let intent = stage.created(4_000).await;
        stage.fault("/v1/payment_intents/*/confirm", fault).await;
        let hasty = stage
            .processor
            .clone()
            .with_timeout(Duration::from_millis(400));
        let with = Confirmation {
            payment_method: Some(VISA),
            ..Confirmation::default()
        };
        let outcome = hasty
            .confirm_payment_intent(&intent.id, with, "confirm")
            .await;
        assert!(
            matches!(outcome, Err(ProcessorError::Unknown { .. })),
            "{fault}: {outcome:?}"
        );
        assert_eq!(stage.captured().await, (0, 0), "{fault}");

        let again = stage
            .processor
            .confirm_payment_intent(&intent.id, with, "confirm")
            .await;
        assert_eq!(
            again.expect("a payment").status,
            IntentStatus::Succeeded,
            "{fault}"
        );
        assert_eq!(stage.captured().await, (1, 4_000), "{fault}");
    }
}

#[tokio::test]
async fn a_replayed_key_is_the_same_payment_and_charges_once() {
    let stage = stage().await;
    let new = stage.intent(4_000);
    let first = stage
        .processor
        .create_payment_intent(new, "create")
        .await
        .expect("an intent");
    let again = stage
        .processor
        .create_payment_intent(new, "create")
        .await
        .expect("an intent");
    assert_eq!(first.id, again.id);
    for _ in 0..3 {
        stage.confirm(&first.id, VISA).await.expect("a payment");
    }
    assert_eq!(stage.captured().await, (1, 4_000));
}

#[tokio::test]
async fn a_key_used_for_another_payment_is_unknown_not_failed() {
    let stage = stage().await;
    let made = stage
        .processor
        .create_payment_intent(stage.intent(4_000), "create")
        .await;
    assert!(made.is_ok());
    let reused = stage
        .processor
        .create_payment_intent(stage.intent(5_000), "create")
        .await;
    assert!(
        matches!(
            reused,
            Err(ProcessorError::Unknown {
                status: Some(400),
                ..
            })
        ),
        "{reused:?}"
    );
}

#[tokio::test]
async fn f02_too_many_requests_is_busy_and_a_wrong_key_is_unauthorized() {
    let stage = stage().await;
    stage.fault("/v1/payment_intents", "status=429").await;
    let busy = stage
        .processor
        .create_payment_intent(stage.intent(4_000), "create")
        .await;
    assert!(matches!(busy, Err(ProcessorError::Busy { .. })), "{busy:?}");
    assert!(
        stage
            .processor
            .create_payment_intent(stage.intent(4_000), "create")
            .await
            .is_ok()
    );

    let stranger =
        Processor::new(Some(&stage.url()), &key("sk_test_other"), None).expect("a configuration");
    let refused = stranger
        .create_payment_intent(stage.intent(4_000), "create")
        .await;
    assert!(
        matches!(refused, Err(ProcessorError::Unauthorized { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_done_is_rejected_with_its_code() {
    let stage = stage().await;
    let missing = stage.processor.get_payment_intent("pi_missing").await;
    let Err(ProcessorError::Rejected { code, .. }) = missing else {
        panic!("{missing:?}")
    };
    assert_eq!(code, "resource_missing");

    let small = stage
        .processor
        .create_payment_intent(stage.intent(1), "small")
        .await;
    assert!(
        matches!(small, Err(ProcessorError::Rejected { .. })),
        "{small:?}"
    );
    let nothing = stage
        .processor
        .create_payment_intent(stage.intent(0), "nothing")
        .await;
    assert!(
        matches!(nothing, Err(ProcessorError::Rejected { .. })),
        "{nothing:?}"
    );
}

#[tokio::test]
async fn a_cancelled_payment_can_never_be_paid_and_a_paid_one_never_cancelled() {
    let stage = stage().await;
    let intent = stage.created(4_000).await;
    let cancelled = stage
        .processor
        .cancel_payment_intent(&intent.id, "cancel")
        .await
        .expect("an intent");
    assert_eq!(cancelled.status, IntentStatus::Canceled);
    let late = stage.confirm(&intent.id, VISA).await;
    let Err(ProcessorError::Rejected { code, .. }) = late else {
        panic!("{late:?}")
    };
    assert_eq!(code, "payment_intent_unexpected_state");

    let paid = stage.paid(2_000).await;
    let late = stage
        .processor
        .cancel_payment_intent(&paid.id, "cancel-paid")
        .await;
    assert!(
        matches!(late, Err(ProcessorError::Rejected { .. })),
        "{late:?}"
    );
    assert_eq!(stage.captured().await, (1, 2_000));
}

#[tokio::test]
async fn f10_a_bank_that_wants_the_payer_sends_them_to_its_page() {
    let stage = stage().await;
    let intent = stage.created(4_000).await;
    let with = Confirmation {
        payment_method: Some("pm_card_authenticationRequired"),
        return_url: Some("https://practice.example/paid"),
        ..Confirmation::default()
    };
    let waiting = stage
        .processor
        .confirm_payment_intent(&intent.id, with, "confirm")
        .await
        .expect("an intent");
    assert_eq!(waiting.status, IntentStatus::RequiresAction);
    assert!(
        waiting
            .redirect_url
            .is_some_and(|url| url.starts_with("http"))
    );

    let done = serde_json::json!({ "outcome": "succeeded" });
    stage
        .command(&format!("payment_intents/{}/authenticate", intent.id), done)
        .await;
    let paid = stage
        .processor
        .get_payment_intent(&intent.id)
        .await
        .expect("an intent");
    assert_eq!(paid.status, IntentStatus::Succeeded);
}

#[tokio::test]
async fn f10_without_the_payer_authentication_needed_is_a_decline() {
    let stage = stage().await;
    let intent = stage.created(4_000).await;
    let with = Confirmation {
        payment_method: Some("pm_card_authenticationRequired"),
        off_session: true,
        ..Confirmation::default()
    };
    let outcome = stage
        .processor
        .confirm_payment_intent(&intent.id, with, "confirm")
        .await;
    let Err(ProcessorError::Declined(decline)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(decline.code, "authentication_required");
}

#[tokio::test]
async fn f11_a_currency_without_cents_keeps_its_units() {
    let stage = stage().await;
    let amount = Money::from_minor(4_000, Currency::JPY);
    let new = NewIntent {
        amount,
        ..stage.intent(1)
    };
    let made = stage
        .processor
        .create_payment_intent(new, "yen")
        .await
        .expect("an intent");
    assert_eq!(made.amount, amount);
}

#[tokio::test]
async fn t_another_account_sees_nothing_of_ours() {
    let stage = stage().await;
    let ours = stage.created(4_000).await;
    let other = stage.connected().await;
    let seen = other.get_payment_intent(&ours.id).await;
    let Err(ProcessorError::Rejected { code, .. }) = seen else {
        panic!("{seen:?}")
    };
    assert_eq!(code, "resource_missing");
    let theirs = other
        .create_payment_intent(stage.intent(4_000), "create")
        .await
        .expect("an intent");
    assert!(other.get_payment_intent(&theirs.id).await.is_ok());
}

#[tokio::test]
async fn p_stripe_is_told_amounts_opaque_ids_and_constants_only() {
    let stage = stage().await;
    let new = stage.intent(4_000);
    stage
        .processor
        .create_payment_intent(new, "create")
        .await
        .expect("an intent");
    let log = stage.asked("requests").await;
    let form = log["requests"][0]["form"]
        .as_str()
        .expect("a form")
        .to_owned();
    let mut sent: Vec<String> = form
        .split('&')
        .map(|pair| pair.replace("%5B", "[").replace("%5D", "]"))
        .collect();
    sent.sort();
    let expected = [
        "amount=4000".to_owned(),
        "automatic_payment_methods[allow_redirects]=never".to_owned(),
        "automatic_payment_methods[enabled]=true".to_owned(),
        "confirm=false".to_owned(),
        "currency=usd".to_owned(),
        "description=Invoice+payment".to_owned(),
        "expand[0]=latest_charge".to_owned(),
        "expand[1]=payment_method".to_owned(),
        format!("metadata[payment_id]={}", new.payment),
        format!("metadata[practice_id]={}", new.practice),
        "statement_descriptor_suffix=INVOICE".to_owned(),
    ];
    assert_eq!(sent, expected);
}
