use std::time::Duration;

use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::shop::{Shop, id};

const SECRET: &str = "whsec_of_the_test";

async fn connected(shop: &Shop, refusals: u32) -> Receiver {
    let receiver = Receiver::open(refusals).await;
    shop.command(
        "webhook_endpoints",
        json!({ "url": receiver.url, "secret": SECRET }),
    )
    .await;
    receiver
}

#[tokio::test]
async fn each_event_comes_signed_with_the_object_as_it_was() {
    let shop = Shop::open().await;
    let receiver = connected(&shop, 0).await;
    let intent = shop.pay(4000, "pm_card_visa").await;
    let request_id = intent.header("request-id").map(str::to_owned);
    let intent = intent.ok();
    let came = receiver.wait_for("payment_intent.succeeded", 1).await;
    assert_eq!(came[0].verified(SECRET), Some(shop.clock.now().as_second()));
    assert_eq!(came[0].verified("whsec_other"), None);
    let event = came[0].event();
    assert_eq!(event["object"], "event");
    assert_eq!(event["data"]["object"], intent);
    assert_eq!(
        event["request"]["id"].as_str().map(str::to_owned),
        request_id
    );
    let fetched = shop.get(&format!("/v1/events/{}", id(&event))).await.ok();
    assert_eq!(fetched["data"], event["data"]);
    receiver.wait_for("charge.succeeded", 1).await;
    receiver.wait_for("payment_intent.created", 1).await;
}

#[tokio::test]
async fn an_endpoint_of_the_api_has_its_own_secret_and_types_and_can_be_deleted() {
    let shop = Shop::open().await;
    let receiver = Receiver::open(0).await;
    let form = [
        ("url", receiver.url.as_str()),
        ("enabled_events[]", "refund.created"),
        ("enabled_events[]", "charge.refunded"),
    ];
    let endpoint = shop.post("/v1/webhook_endpoints", &form).await.ok();
    let secret = endpoint["secret"].as_str().expect("shown once").to_owned();
    let listed = shop.get("/v1/webhook_endpoints").await.ok();
    assert_eq!(listed["data"][0].get("secret"), None);
    let intent = id(&shop.pay(4000, "pm_card_visa").await.ok());
    shop.post(
        "/v1/refunds",
        &[("payment_intent", intent.as_str()), ("amount", "100")],
    )
    .await
    .ok();
    let came = receiver.wait_for("charge.refunded", 1).await;
    assert!(came[0].verified(&secret).is_some());
    assert_eq!(
        came[0].event()["data"]["previous_attributes"]["amount_refunded"],
        0
    );
    receiver.wait_for("refund.created", 1).await;
    assert_eq!(receiver.all().len(), 2);
    let path = format!("/v1/webhook_endpoints/{}", id(&endpoint));
    let deleted = crate::shop::send(shop.request(reqwest::Method::DELETE, &path))
        .await
        .ok();
    assert_eq!(deleted["deleted"], true);
    shop.get(&path).await.error(404);
}

#[tokio::test]
async fn a_refused_webhook_is_tried_again_and_logged() {
    let shop =
        Shop::with(|config| config.webhook_backoff = vec![Duration::from_millis(20); 3]).await;
    let receiver = connected(&shop, 2).await;
    shop.post("/v1/customers", &[]).await.ok();
    receiver.wait_for("customer.created", 3).await;
    let delivery = wait_for_state(&shop, "delivered").await;
    let statuses: Vec<&Value> = delivery["attempts"]
        .as_array()
        .expect("attempts")
        .iter()
        .map(|one| &one["status"])
        .collect();
    assert_eq!(statuses, [500, 500, 200]);
}

#[tokio::test]
async fn a_webhook_refused_too_often_is_given_up() {
    let shop =
        Shop::with(|config| config.webhook_backoff = vec![Duration::from_millis(5); 2]).await;
    let receiver = connected(&shop, 99).await;
    shop.post("/v1/customers", &[]).await.ok();
    wait_for_state(&shop, "failed").await;
    assert_eq!(receiver.all().len(), 3);
}

async fn wait_for_state(shop: &Shop, state: &str) -> Value {
    for _ in 0..300 {
        let deliveries = shop.get("/_sandbox/deliveries").await.ok();
        if deliveries["deliveries"][0]["state"] == state {
            return deliveries["deliveries"][0].clone();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the delivery did not become {state}");
}

#[tokio::test]
async fn plans_duplicate_drop_hold_and_release() {
    let shop = Shop::open().await;
    let receiver = connected(&shop, 0).await;
    shop.command("webhook_plan", json!({ "plan": "drop" }))
        .await;
    shop.command(
        "webhook_plan",
        json!({ "plan": "duplicate", "times": 20, "types": ["payment_intent.succeeded"] }),
    )
    .await;
    shop.command(
        "webhook_plan",
        json!({ "plan": "hold", "types": ["charge.*"] }),
    )
    .await;
    shop.pay(4000, "pm_card_visa").await.ok();
    let copies = receiver.wait_for("payment_intent.succeeded", 20).await;
    assert!(
        copies
            .iter()
            .all(|copy| id(&copy.event()) == id(&copies[0].event()))
    );
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(receiver.all().len(), 20);
    let released = shop
        .command("webhooks/release", json!({ "reversed": true }))
        .await;
    assert_eq!(released["released"], 1);
    receiver.wait_for("charge.succeeded", 1).await;
    let event = id(&copies[0].event());
    shop.command(&format!("events/{event}/resend"), json!({}))
        .await;
    receiver.wait_for("payment_intent.succeeded", 21).await;
}

#[tokio::test]
async fn a_webhook_comes_before_the_answer_or_late() {
    let shop = Shop::open().await;
    let receiver = connected(&shop, 0).await;
    let slow = shop
        .request(reqwest::Method::POST, "/v1/customers")
        .header("X-Sandbox-Fault", "delay_after_work=60s");
    let slow = tokio::spawn(slow.send());
    receiver.wait_for("customer.created", 1).await;
    assert!(!slow.is_finished());
    slow.abort();
    shop.command(
        "webhook_plan",
        json!({ "plan": "delay", "delay": 300, "count": 1 }),
    )
    .await;
    shop.post("/v1/customers", &[]).await.ok();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.all().len(), 1);
    receiver.wait_for("customer.created", 2).await;
}

#[tokio::test]
async fn a_refund_in_the_dashboard_is_told_by_webhooks_alone() {
    let shop = Shop::open().await;
    let receiver = connected(&shop, 0).await;
    let intent = id(&shop.pay(4000, "pm_card_visa").await.ok());
    let refund = shop
        .command(
            "refunds",
            json!({ "payment_intent": intent, "amount": 700 }),
        )
        .await;
    let came = receiver.wait_for("refund.created", 1).await;
    let event = came[0].event();
    assert_eq!(event["data"]["object"]["id"], refund["id"]);
    assert_eq!(event["request"]["id"], Value::Null);
    receiver.wait_for("charge.refunded", 1).await;
}
