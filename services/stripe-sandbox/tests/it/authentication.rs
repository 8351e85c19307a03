use serde_json::{Value, json};

use crate::shop::{Shop, card_payment, id};

async fn asked(shop: &Shop) -> Value {
    let intent = shop.pay(3000, "pm_card_authenticationRequired").await.ok();
    assert_eq!(intent["status"], "requires_action");
    intent
}

#[tokio::test]
async fn three_d_secure_passed_pays() {
    let shop = Shop::open().await;
    let intent = asked(&shop).await;
    assert_eq!(intent["next_action"]["type"], "use_stripe_sdk");
    assert_eq!(shop.book().await["totals"], json!({}));
    let path = format!("payment_intents/{}/authenticate", id(&intent));
    let paid = shop.command(&path, json!({ "outcome": "succeeded" })).await;
    assert_eq!(paid["status"], "succeeded");
    let types = shop.event_types().await;
    assert_eq!(
        types[1..],
        [
            "payment_intent.requires_action",
            "charge.succeeded",
            "payment_intent.succeeded"
        ]
    );
}

#[tokio::test]
async fn three_d_secure_failed_asks_for_another_method() {
    let shop = Shop::open().await;
    let intent = asked(&shop).await;
    let path = format!("payment_intents/{}/authenticate", id(&intent));
    let failed = shop.command(&path, json!({ "outcome": "failed" })).await;
    assert_eq!(failed["status"], "requires_payment_method");
    assert_eq!(
        failed["last_payment_error"]["code"],
        "payment_intent_authentication_failure"
    );
    assert_eq!(
        shop.event_types().await.last().map(String::as_str),
        Some("payment_intent.payment_failed")
    );
}

#[tokio::test]
async fn without_the_customer_authentication_is_a_decline() {
    let shop = Shop::open().await;
    let mut form = card_payment("3000", "pm_card_authenticationRequired").to_vec();
    form.push(("off_session", "true"));
    let error = shop.post("/v1/payment_intents", &form).await.error(402);
    assert_eq!(error["code"], "authentication_required");
    assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
}

#[tokio::test]
async fn a_person_completes_it_on_the_banks_page_and_returns() {
    let shop = Shop::open().await;
    let mut form = card_payment("3000", "pm_card_authenticationRequired").to_vec();
    form.push(("return_url", "http://127.0.0.1:9/back?x=1"));
    let intent = shop.post("/v1/payment_intents", &form).await.ok();
    let redirect = &intent["next_action"]["redirect_to_url"];
    let url = redirect["url"].as_str().expect("an address");
    let page = shop
        .http
        .get(url)
        .send()
        .await
        .expect("a page")
        .text()
        .await
        .expect("text");
    assert!(page.contains("$30.00") && page.contains("Complete authentication"));
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let answer = client
        .post(url)
        .form(&[("outcome", "succeeded")])
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 303);
    let target = answer.headers()["location"].to_str().expect("text");
    assert!(
        target.starts_with("http://127.0.0.1:9/back?x=1&payment_intent=pi_")
            && target.ends_with("redirect_status=succeeded")
    );
}

#[tokio::test]
async fn an_intent_that_may_redirect_needs_somewhere_to_return() {
    let shop = Shop::open().await;
    let form = [
        ("amount", "3000"),
        ("currency", "usd"),
        ("confirm", "true"),
        ("payment_method", "pm_card_visa"),
    ];
    let error = shop.post("/v1/payment_intents", &form).await.error(400);
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| text.contains("return_url")),
        "{error}"
    );
    assert_eq!(shop.event_types().await, Vec::<String>::new());
}
