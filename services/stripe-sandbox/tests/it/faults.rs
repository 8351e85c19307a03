use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::shop::{Shop, card_payment, send};

fn pay(shop: &Shop, fault: &str) -> RequestBuilder {
    let request = shop
        .request(Method::POST, "/v1/payment_intents")
        .header("Idempotency-Key", "k1");
    let request = if fault.is_empty() {
        request
    } else {
        request.header("X-Sandbox-Fault", fault)
    };
    request.form(&card_payment("4000", "pm_card_visa"))
}

async fn charges(shop: &Shop) -> usize {
    shop.book().await["charges"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn delay_answers_late() {
    let shop = Shop::open().await;
    let start = Instant::now();
    send(pay(&shop, "delay=300ms")).await.ok();
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn timeout_after_work_charges_and_never_answers() {
    let shop = Shop::open().await;
    let error = pay(&shop, "timeout_after_work")
        .timeout(Duration::from_millis(300))
        .send()
        .await
        .expect_err("no answer");
    assert!(error.is_timeout());
    assert_eq!(charges(&shop).await, 1);
    let replayed = send(pay(&shop, "")).await;
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    assert_eq!(replayed.ok()["status"], "succeeded");
    assert_eq!(charges(&shop).await, 1);
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_stop_the_work() {
    let shop = Shop::open().await;
    pay(&shop, "delay=200ms")
        .timeout(Duration::from_millis(50))
        .send()
        .await
        .expect_err("it left");
    assert_eq!(charges(&shop).await, 0);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(charges(&shop).await, 1);
}

#[tokio::test]
async fn reset_cuts_the_connection_before_or_after_the_work() {
    let shop = Shop::open().await;
    let error = pay(&shop, "reset").send().await.expect_err("cut");
    assert!(!error.is_timeout());
    assert_eq!(charges(&shop).await, 0);
    pay(&shop, "reset_after_work")
        .send()
        .await
        .expect_err("cut");
    assert_eq!(charges(&shop).await, 1);
    assert_eq!(
        send(pay(&shop, "")).await.header("idempotent-replayed"),
        Some("true")
    );
}

#[tokio::test]
async fn commanded_statuses_look_like_stripes() {
    let shop = Shop::open().await;
    assert_eq!(
        send(pay(&shop, "status=429")).await.error(429)["code"],
        "rate_limit"
    );
    assert_eq!(
        send(pay(&shop, "status=409")).await.error(409)["code"],
        "lock_timeout"
    );
    assert_eq!(charges(&shop).await, 0);
    assert_eq!(
        send(pay(&shop, "status_after_work=500")).await.error(500)["type"],
        "api_error"
    );
    assert_eq!(charges(&shop).await, 1);
}

#[tokio::test]
async fn garbage_is_half_an_answer() {
    let shop = Shop::open().await;
    let reply = send(pay(&shop, "garbage")).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.is_string(), "{}", reply.body);
    assert_eq!(charges(&shop).await, 1);
}

#[tokio::test]
async fn a_rule_waits_for_its_requests() {
    let shop = Shop::open().await;
    let rule = json!({ "match": { "method": "POST", "path": "/v1/payment_intents/*/confirm" }, "kind": "status=500", "count": 2, "delay": 5 });
    shop.command("faults", rule).await;
    let intent = send(pay(&shop, "")).await.ok();
    let path = format!("/v1/payment_intents/{}/confirm", crate::shop::id(&intent));
    for status in [500, 500, 400] {
        shop.post(&path, &[]).await.error(status);
    }
    let left = shop.get("/_sandbox/faults").await.ok();
    assert_eq!(left, json!({ "faults": [] }));
}

#[tokio::test]
async fn a_misspelt_fault_is_refused() {
    let shop = Shop::open().await;
    send(pay(&shop, "tiemout")).await.error(400);
    let rule = shop
        .request(Method::POST, "/_sandbox/faults")
        .json(&json!({ "kind": "explode" }));
    send(rule).await.error(400);
    let rule = shop
        .request(Method::POST, "/_sandbox/faults")
        .json(&json!({ "kind": "reset", "cuont": 1 }));
    send(rule).await.error(400);
}
