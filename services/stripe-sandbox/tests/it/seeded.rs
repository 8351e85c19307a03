use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, send};

fn plan(seed: u64) -> Value {
    json!({
        "seed": seed,
        "requests": { "failed": 20, "busy": 20, "reset_after_work": 20 },
        "webhooks": { "never": 50 },
    })
}

/// What becomes of twenty requests: their statuses, 0 for a cut connection.
async fn twenty(shop: &Shop) -> Vec<u16> {
    let mut statuses = Vec::new();
    for number in 0..20 {
        let request = shop
            .request(Method::POST, "/v1/customers")
            .header("Idempotency-Key", format!("k{number}"));
        let answer = request.send().await;
        statuses.push(answer.map_or(0, |answer| answer.status().as_u16()));
    }
    statuses
}

#[tokio::test]
async fn the_same_seed_fails_the_same_requests_of_another_sandbox() {
    let (one, other, third) = (Shop::open().await, Shop::open().await, Shop::open().await);
    one.command("plan", plan(1)).await;
    other.command("plan", plan(1)).await;
    third.command("plan", plan(2)).await;
    let failed = twenty(&one).await;
    assert_eq!(failed, twenty(&other).await);
    assert_ne!(failed, twenty(&third).await);
    for status in [0, 200, 429, 500] {
        assert!(failed.contains(&status), "{status} is not in {failed:?}");
    }
    let shown = one.get("/_sandbox/plan").await.ok();
    assert_eq!(shown["plan"]["seed"], 1);
    assert_eq!(shown["counts"]["POST /v1/customers"], 20);
    let page = one.get("/_sandbox/").await.body.to_string();
    assert!(page.contains("of seed"), "the page says so");
}

#[tokio::test]
async fn a_plan_is_ended_and_a_rule_comes_before_it() {
    let shop = Shop::open().await;
    let all = json!({ "seed": 1, "requests": { "busy": 100 } });
    shop.command("plan", all).await;
    shop.command("faults", json!({ "kind": "status=503" }))
        .await;
    shop.get("/v1/customers").await.error(503);
    shop.get("/v1/customers").await.error(429);
    send(shop.request(Method::DELETE, "/_sandbox/plan"))
        .await
        .ok();
    shop.get("/v1/customers").await.ok();
    let shown = shop.get("/_sandbox/plan").await.ok();
    assert_eq!(shown["plan"], Value::Null);
}

#[tokio::test]
async fn a_misspelt_or_impossible_plan_is_refused() {
    let shop = Shop::open().await;
    for wrong in [
        json!({ "requests": { "busy": 1 } }),
        json!({ "seed": 1, "requests": { "buzy": 1 } }),
        json!({ "seed": 1, "requests": { "busy": 60, "failed": 60 } }),
        json!({ "seed": 1, "webhooks": { "late": 10 }, "late": 9_000_000 }),
    ] {
        let asked = shop.request(Method::POST, "/_sandbox/plan").json(&wrong);
        send(asked).await.error(400);
    }
    shop.get("/v1/customers").await.ok();
}
