//! R19: cards end and are renewed; what happens at the processor is heard of.

use crate::stage::{Stage, VISA};
use payments::work::watch_expiry_due;
use prost::Message as _;
use proto::payments::v1::*;
use serde_json::json;

async fn token(stage: &Stage) -> String {
    sqlx::query_scalar("select processor_method from payments.methods")
        .fetch_one(stage.db.owner_pool())
        .await
        .expect("read")
}

#[tokio::test]
async fn r19_a_setup_is_taken_in_by_the_webhook_when_the_browser_goes_away() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let begun = wallet.begin(wallet.request()).await.expect("begun");
    wallet.give(&begun, VISA).await;
    stage.webhooks_came("setup_intent.succeeded", 1).await;
    stage.process_webhooks().await;
    assert_eq!(wallet.list().await.len(), 1);
    let done = wallet.finish(&begun).await.expect("read");
    assert_eq!(done.state(), MethodSetupState::Succeeded);
    assert_eq!(stage.announced("MethodAdded").await.len(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn f05_without_any_webhook_the_reconciler_puts_the_card_on_file() {
    let stage = Stage::start().await;
    stage
        .command("webhook_plan", json!({ "plan": "drop" }))
        .await;
    let wallet = stage.wallet();
    let begun = wallet.begin(wallet.request()).await.expect("begun");
    wallet.give(&begun, VISA).await;
    stage.minutes(1);
    stage.reconcile().await;
    assert_eq!(wallet.list().await.len(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn r19_a_setup_that_nobody_finishes_is_given_up_after_a_day() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let begun = wallet.begin(wallet.request()).await.expect("begun");
    for minutes in [1, 5, 60, 24 * 60] {
        stage.minutes(minutes);
        stage.reconcile().await;
    }
    let over = wallet.finish(&begun).await.expect("read");
    assert_eq!(over.state(), MethodSetupState::Cancelled);
    let late = wallet.give(&begun, VISA).await;
    assert_eq!(late["error"]["code"], "setup_intent_unexpected_state");
    stage.minutes(24 * 60);
    assert_eq!(stage.reconcile().await, 0);
    stage.finish().await;
}

#[tokio::test]
async fn f02_the_processor_is_away_and_a_repeat_goes_on() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    for path in ["/v1/customers", "/v1/setup_intents"] {
        let request = wallet.request();
        stage.fault(path, "reset_after_work").await;
        let refused = wallet.begin(request.clone()).await;
        assert_eq!(crate::stage::reason(refused), "PROCESSOR_UNAVAILABLE");
        let begun = wallet.begin(request).await.expect("it goes on");
        assert_eq!(begun.state(), MethodSetupState::Waiting, "{path}");
    }
    let customers: Vec<String> =
        sqlx::query_scalar("select processor_customer from payments.customers")
            .fetch_all(stage.db.owner_pool())
            .await
            .expect("read");
    assert_eq!(customers.len(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn f04_browser_webhook_and_reconciler_at_once_put_one_card_on_file() {
    let stage = Stage::start().await;
    stage
        .command("webhook_plan", json!({ "plan": "duplicate", "times": 5 }))
        .await;
    let wallet = stage.wallet();
    let begun = wallet.begin(wallet.request()).await.expect("begun");
    wallet.give(&begun, VISA).await;
    stage.webhooks_came("setup_intent.succeeded", 1).await;
    stage.minutes(1);
    let (one, two, _, _) = tokio::join!(
        wallet.finish(&begun),
        wallet.finish(&begun),
        stage.process_webhooks(),
        stage.reconcile(),
    );
    assert_eq!(one.expect("read").method, two.expect("read").method);
    assert_eq!(wallet.list().await.len(), 1);
    assert_eq!(stage.announced("MethodAdded").await.len(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn r19_a_card_that_the_bank_renews_stays_the_same_method() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let card = wallet.add(VISA).await;
    let path = format!("payment_methods/{}/renew", token(&stage).await);
    let renewed = json!({ "exp_month": 4, "exp_year": 2033, "number": "4000056655665556" });
    stage.command(&path, renewed).await;
    stage
        .webhooks_came("payment_method.automatically_updated", 1)
        .await;
    stage.process_webhooks().await;
    let seen = wallet.get(&card).await.expect("read");
    assert_eq!(
        (seen.last4.as_str(), seen.exp_month, seen.exp_year),
        ("5556", 4, 2033)
    );
    assert!(seen.is_default);
    assert_eq!(stage.announced("MethodUpdated").await.len(), 1);
    let token = token(&stage).await;
    stage
        .command(&format!("payment_methods/{token}/detach"), json!({}))
        .await;
    stage.webhooks_came("payment_method.detached", 1).await;
    stage.process_webhooks().await;
    assert!(wallet.list().await.is_empty(), "removed in the dashboard");
    assert_eq!(stage.announced("MethodRemoved").await.len(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn r19_a_cards_end_is_told_thirty_days_before_and_when_it_has_come_once_each() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    // It is March 2nd: good until April 30th.
    let april = stage.typed_card("4242424242424242", "4", "2026").await;
    let card = wallet.add(&april).await;
    let look = async || watch_expiry_due(&stage.payments).await.expect("looked");
    assert_eq!(look().await, 1, "the day it came");
    assert_eq!(look().await, 0, "once a day");
    for _ in 2..30 {
        stage.minutes(24 * 60);
        look().await;
    }
    assert!(
        stage.announced("MethodExpiring").await.is_empty(),
        "it is March 30th"
    );
    // It is eleven in the morning in New York, where clocks went forward.
    stage.minutes(12 * 60);
    assert_eq!(look().await, 0, "still the 30th there");
    stage.minutes(2 * 60);
    let (one, two) = tokio::join!(
        watch_expiry_due(&stage.payments),
        watch_expiry_due(&stage.payments)
    );
    assert_eq!(one.expect("looked") + two.expect("looked"), 1);
    let told = stage.announced("MethodExpiring").await;
    assert_eq!(told.len(), 1, "and not twice");
    let told = MethodExpiring::decode(&*told[0]).expect("an event");
    let facts = told.method.expect("facts");
    let end = facts.end_date.expect("a date");
    assert_eq!((end.year, end.month, end.day), (2026, 4, 30));
    assert_eq!(facts.method_id, card.method_id);
    stage.minutes(29 * 24 * 60);
    look().await;
    assert!(stage.announced("MethodExpired").await.is_empty());
    stage.minutes(24 * 60);
    look().await;
    stage.minutes(24 * 60);
    look().await;
    assert_eq!(stage.announced("MethodExpired").await.len(), 1);
    let over = wallet.get(&card).await.expect("read");
    assert_eq!(over.state(), MethodState::Expired);
    assert!(over.is_default, "nobody chose another one");
    // The bank renews it after all.
    let path = format!("payment_methods/{}/renew", token(&stage).await);
    stage
        .command(&path, json!({ "exp_month": 4, "exp_year": 2030 }))
        .await;
    stage
        .webhooks_came("payment_method.automatically_updated", 1)
        .await;
    stage.process_webhooks().await;
    let good = wallet.get(&card).await.expect("read");
    assert_eq!(good.state(), MethodState::Active);
    stage.finish().await;
}
