use reqwest::Method;

use crate::shop::{Shop, send};

#[tokio::test]
async fn a_misspelt_parameter_is_refused_by_name() {
    let shop = Shop::open().await;
    let error = shop
        .post(
            "/v1/payment_intents",
            &[("amount", "500"), ("currency", "usd"), ("metdata[a]", "1")],
        )
        .await
        .error(400);
    assert_eq!(error["type"], "invalid_request_error");
    assert_eq!(
        (&error["code"], &error["param"]),
        (&"parameter_unknown".into(), &"metdata".into())
    );
    assert_eq!(error["message"], "Received unknown parameter: metdata");
    let nested = [
        ("type", "card"),
        ("card[number]", "4242424242424242"),
        ("card[exp_month]", "1"),
        ("card[exp_year]", "2030"),
        ("card[cvv]", "1"),
    ];
    assert_eq!(
        shop.post("/v1/payment_methods", &nested).await.error(400)["param"],
        "card[cvv]"
    );
    assert_eq!(
        shop.get("/v1/payment_intents?custmer=x").await.error(400)["code"],
        "parameter_unknown"
    );
    assert_eq!(shop.event_types().await, Vec::<String>::new());
}

#[tokio::test]
async fn wrong_types_and_amounts_have_their_codes() {
    let shop = Shop::open().await;
    let cases: [(&[(&str, &str)], &str); 8] = [
        (
            &[("amount", "5.00"), ("currency", "usd")],
            "parameter_invalid_integer",
        ),
        (
            &[("amount", "-500"), ("currency", "usd")],
            "parameter_invalid_integer",
        ),
        (&[("amount", "49"), ("currency", "usd")], "amount_too_small"),
        (
            &[("amount", "100000000"), ("currency", "usd")],
            "amount_too_large",
        ),
        (&[("amount", "29"), ("currency", "gbp")], "amount_too_small"),
        (&[("currency", "usd")], "parameter_missing"),
        (
            &[("amount", "500"), ("currency", "")],
            "parameter_invalid_empty",
        ),
        (
            &[("amount", "99999999999999999999"), ("currency", "usd")],
            "parameter_invalid_integer",
        ),
    ];
    for (form, code) in cases {
        assert_eq!(
            shop.post("/v1/payment_intents", form).await.error(400)["code"],
            code,
            "{form:?}"
        );
    }
    let currency = shop
        .post(
            "/v1/payment_intents",
            &[("amount", "500"), ("currency", "xyz")],
        )
        .await
        .error(400);
    assert_eq!(currency["param"], "currency");
}

#[tokio::test]
async fn metadata_has_limits() {
    let shop = Shop::open().await;
    let long = "n".repeat(41);
    let name = format!("metadata[{long}]");
    assert_eq!(
        shop.post("/v1/customers", &[(name.as_str(), "x")])
            .await
            .error(400)["param"],
        "metadata"
    );
    let value = "v".repeat(501);
    assert_eq!(
        shop.post("/v1/customers", &[("metadata[a]", value.as_str())])
            .await
            .error(400)["param"],
        "metadata[a]"
    );
    let names: Vec<String> = (0..51).map(|n| format!("metadata[k{n}]")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    shop.post("/v1/customers", &many).await.error(400);
    shop.post("/v1/customers", &many[..50]).await.ok();
}

#[tokio::test]
async fn what_cannot_be_expanded_is_refused() {
    let shop = Shop::open().await;
    shop.pay(900, "pm_card_visa").await.ok();
    let error = shop
        .get("/v1/payment_intents?expand[]=data.amount")
        .await
        .error(400);
    assert_eq!(
        error["message"],
        "This property cannot be expanded (data.amount)."
    );
}

#[tokio::test]
async fn a_wrong_key_and_a_wrong_address_are_refused() {
    let shop = Shop::open().await;
    let url = format!("{}/v1/account", shop.running.url());
    send(shop.http.get(&url)).await.error(401);
    let wrong = send(shop.http.get(&url).bearer_auth("sk_test_wrong_key")).await;
    assert!(
        wrong
            .header("request-id")
            .is_some_and(|id| id.starts_with("req_"))
    );
    assert!(
        !wrong.error(401)["message"]
            .to_string()
            .contains("wrong_key")
    );
    assert_eq!(
        send(
            shop.http
                .get(&url)
                .basic_auth(crate::shop::KEY, None::<&str>)
        )
        .await
        .ok()["object"],
        "account"
    );
    shop.get("/v1/subscriptions").await.error(404);
    shop.get("/v2/account").await.error(404);
}

#[tokio::test]
async fn json_and_oversized_bodies_are_refused() {
    let shop = Shop::open().await;
    let json = shop
        .request(Method::POST, "/v1/customers")
        .json(&serde_json::json!({ "name": "x" }));
    assert!(
        send(json).await.error(400)["message"]
            .to_string()
            .contains("x-www-form-urlencoded")
    );
    let large = format!("description={}", "x".repeat(2 << 20));
    let request = shop
        .request(Method::POST, "/v1/customers")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(large);
    send(request).await.error(400);
}
