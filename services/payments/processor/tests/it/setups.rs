use ids::SetupId;
use processor::{Instrument, NewSetup, ProcessorError, SetupIntent, SetupStatus};
use serde_json::{Value, json};

use crate::stage::{Stage, stage};

async fn begun(stage: &Stage) -> SetupIntent {
    let customer = stage.customer().await;
    let new = NewSetup {
        practice: stage.practice,
        setup: SetupId::new(&stage.clock),
        customer: &customer,
    };
    let key = new.setup.to_string();
    let made = stage.processor.create_setup_intent(new, &key).await;
    let made = made.expect("a setup");
    assert_eq!(made.setup, Some(new.setup));
    made
}

/// What the payer's browser does.
async fn confirm(stage: &Stage, setup: &str, method: &str) -> Value {
    let url = format!("{}/v1/setup_intents/{setup}/confirm", stage.url());
    let answer = reqwest::Client::new()
        .post(url)
        .bearer_auth("sk_test_sandbox")
        .form(&[("payment_method", method)])
        .send()
        .await
        .expect("an answer");
    answer.json().await.expect("JSON")
}

#[tokio::test]
async fn a_setup_stores_a_card_with_its_customer() {
    let stage = stage().await;
    let begun = begun(&stage).await;
    assert_eq!(begun.status, SetupStatus::RequiresPaymentMethod);
    assert!(begun.client_secret.is_some());
    confirm(&stage, &begun.id, "pm_card_avsZipFail").await;
    let done = stage.processor.get_setup_intent(&begun.id).await;
    let done = done.expect("a setup");
    assert_eq!(done.status, SetupStatus::Succeeded);
    let method = done.payment_method.expect("a method");
    assert_eq!(method.customer, begun.customer);
    assert_eq!(method.zip_check.as_deref(), Some("fail"));
    assert!(matches!(&method.instrument, Instrument::Card(card) if card.last4 == "0036"));
    let cancelled = stage.processor.cancel_setup_intent(&begun.id, "cancel");
    assert!(matches!(
        cancelled.await,
        Err(ProcessorError::Rejected { code, .. }) if code == "setup_intent_unexpected_state"
    ));
}

#[tokio::test]
async fn a_bank_account_is_stored_a_decline_says_why_and_a_bank_may_ask() {
    let stage = stage().await;
    let account = begun(&stage).await;
    confirm(&stage, &account.id, "pm_usBankAccount_success").await;
    let done = stage.processor.get_setup_intent(&account.id).await;
    let method = done.expect("a setup").payment_method.expect("a method");
    assert!(matches!(&method.instrument, Instrument::BankAccount(it) if it.last4 == "6789"));

    let declined = begun(&stage).await;
    confirm(&stage, &declined.id, "pm_card_chargeDeclined").await;
    let read = stage.processor.get_setup_intent(&declined.id).await;
    let read = read.expect("a setup");
    assert_eq!(read.status, SetupStatus::RequiresPaymentMethod);
    assert_eq!(
        read.last_error.map(|error| error.code).as_deref(),
        Some("card_declined")
    );

    confirm(&stage, &declined.id, "pm_card_authenticationRequired").await;
    let path = format!("setup_intents/{}/authenticate", declined.id);
    stage
        .command(&path, json!({ "outcome": "succeeded" }))
        .await;
    let read = stage.processor.get_setup_intent(&declined.id).await;
    assert_eq!(read.expect("a setup").status, SetupStatus::Succeeded);
}

#[tokio::test]
async fn a_setup_that_nobody_finished_is_given_up() {
    let stage = stage().await;
    let begun = begun(&stage).await;
    let cancelled = stage
        .processor
        .cancel_setup_intent(&begun.id, "cancel")
        .await;
    assert_eq!(cancelled.expect("a setup").status, SetupStatus::Canceled);
}
