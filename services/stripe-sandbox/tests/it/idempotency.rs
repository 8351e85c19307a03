use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Method;

use crate::shop::{Reply, Shop, card_payment, id, send};

async fn pay(shop: &Shop, key: &str, amount: &str, fault: &str) -> Reply {
    let request = shop
        .request(Method::POST, "/v1/payment_intents")
        .header("Idempotency-Key", key);
    let request = if fault.is_empty() {
        request
    } else {
        request.header("X-Sandbox-Fault", fault)
    };
    send(request.form(&card_payment(amount, "pm_card_visa"))).await
}

#[tokio::test]
async fn the_same_key_and_request_replays_the_answer() {
    let shop = Shop::open().await;
    let first = pay(&shop, "k1", "4000", "").await;
    assert_eq!(first.header("idempotent-replayed"), None);
    let original = first.header("request-id").map(str::to_owned);
    let again = pay(&shop, "k1", "4000", "").await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(
        again.header("original-request").map(str::to_owned),
        original
    );
    assert_ne!(again.header("request-id").map(str::to_owned), original);
    assert_eq!(again.ok(), first.ok());
    assert_eq!(shop.book().await["totals"]["usd"]["captured"], 4000);
}

#[tokio::test]
async fn the_same_key_with_another_request_is_refused() {
    let shop = Shop::open().await;
    pay(&shop, "k1", "4000", "").await.ok();
    assert_eq!(
        pay(&shop, "k1", "4001", "").await.error(400)["type"],
        "idempotency_error"
    );
    assert_eq!(shop.book().await["totals"]["usd"]["captured"], 4000);
}

#[tokio::test]
async fn a_twin_in_flight_is_a_conflict() {
    let shop = Shop::open().await;
    let (slow, quick) = tokio::join!(pay(&shop, "k1", "4000", "delay=400ms"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        pay(&shop, "k1", "4000", "").await
    });
    assert_eq!(quick.header("stripe-should-retry"), Some("true"));
    assert_eq!(quick.error(409)["code"], "idempotency_key_in_use");
    slow.ok();
    assert_eq!(
        pay(&shop, "k1", "4000", "")
            .await
            .header("idempotent-replayed"),
        Some("true")
    );
}

#[tokio::test]
async fn a_stored_500_is_replayed_and_a_429_or_401_is_not() {
    let shop = Shop::open().await;
    for (fault, status) in [
        ("status=429", 429),
        ("status=401", 401),
        ("status=500", 500),
    ] {
        pay(&shop, "k1", "4000", fault).await.error(status);
    }
    let replayed = pay(&shop, "k1", "4000", "").await;
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    assert_eq!(replayed.error(500)["type"], "api_error");
    pay(&shop, "k2", "4000", "status=429").await.error(429);
    pay(&shop, "k2", "4000", "").await.ok();
}

#[tokio::test]
async fn a_decline_is_replayed_and_a_malformed_request_is_not() {
    let shop = Shop::open().await;
    let declined = || {
        let request = shop
            .request(Method::POST, "/v1/payment_intents")
            .header("Idempotency-Key", "k1");
        send(request.form(&card_payment("4000", "pm_card_chargeDeclined")))
    };
    let first = declined().await.error(402);
    assert_eq!(declined().await.error(402), first);
    assert_eq!(shop.book().await["totals"]["usd"]["failed_charges"], 1);
    pay(&shop, "k2", "forty", "").await.error(400);
    pay(&shop, "k2", "4000", "").await.ok();
}

#[tokio::test]
async fn a_key_is_forgotten_after_24_hours() {
    let shop = Shop::open().await;
    let first = id(&pay(&shop, "k1", "4000", "").await.ok());
    shop.clock.advance(SignedDuration::from_secs(24 * 3600 - 1));
    assert_eq!(id(&pay(&shop, "k1", "4000", "").await.ok()), first);
    shop.clock.advance(SignedDuration::from_secs(1));
    assert_ne!(id(&pay(&shop, "k1", "4000", "").await.ok()), first);
}

#[tokio::test]
async fn keys_of_two_accounts_are_two_keys() {
    let shop = Shop::open().await;
    let first = id(&pay(&shop, "k1", "4000", "").await.ok());
    let connected = shop.connected().await;
    let request = shop
        .request(Method::POST, "/v1/payment_intents")
        .header("Idempotency-Key", "k1")
        .header("Stripe-Account", connected);
    let other = send(request.form(&card_payment("5000", "pm_card_visa")))
        .await
        .ok();
    assert_ne!(id(&other), first);
}
