use serde_json::{Value, json};

use crate::shop::{Shop, id};

async fn customer(shop: &Shop) -> String {
    id(&shop
        .post("/v1/customers", &[("metadata[a]", "1")])
        .await
        .ok())
}

async fn begun(shop: &Shop, customer: &str) -> Value {
    let form = [
        ("customer", customer),
        ("usage", "off_session"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
        ("metadata[setup_id]", "setup_1"),
    ];
    shop.post("/v1/setup_intents", &form).await.ok()
}

fn confirm(setup: &Value) -> String {
    format!("/v1/setup_intents/{}/confirm", id(setup))
}

#[tokio::test]
async fn a_card_is_stored_by_a_setup_and_pays_without_the_customer() {
    let shop = Shop::open().await;
    let customer = customer(&shop).await;
    let setup = begun(&shop, &customer).await;
    assert_eq!(setup["status"], "requires_payment_method");
    let card = [
        ("type", "card"),
        ("card[number]", "4242424242424242"),
        ("card[exp_month]", "11"),
        ("card[exp_year]", "2026"),
        ("billing_details[address][postal_code]", "02139"),
    ];
    let method = shop.post("/v1/payment_methods", &card).await.ok();
    let done = shop
        .post(
            &confirm(&setup),
            &[
                ("payment_method", method["id"].as_str().expect("an id")),
                (
                    "client_secret",
                    setup["client_secret"].as_str().expect("a secret"),
                ),
                ("expand[]", "payment_method"),
            ],
        )
        .await
        .ok();
    assert_eq!(done["status"], "succeeded");
    let stored = &done["payment_method"];
    assert_eq!(stored["customer"], customer);
    assert_eq!(
        stored["card"]["checks"]["address_postal_code_check"],
        "pass"
    );
    let paid = shop
        .post(
            "/v1/payment_intents",
            &[
                ("amount", "4000"),
                ("currency", "usd"),
                ("customer", customer.as_str()),
                ("payment_method", stored["id"].as_str().expect("an id")),
                ("confirm", "true"),
                ("off_session", "true"),
                ("payment_method_types[]", "card"),
            ],
        )
        .await
        .ok();
    assert_eq!(paid["status"], "succeeded");
    let types = shop.event_types().await;
    assert!(
        types.ends_with(&[
            "setup_intent.created".into(),
            "payment_method.attached".into(),
            "setup_intent.succeeded".into(),
            "payment_intent.created".into(),
            "charge.succeeded".into(),
            "payment_intent.succeeded".into(),
        ]),
        "{types:?}"
    );
    let error = shop.post(&confirm(&setup), &[]).await.error(400);
    assert_eq!(error["code"], "setup_intent_unexpected_state");
}

#[tokio::test]
async fn a_declined_setup_takes_another_card_and_a_bank_may_ask() {
    let shop = Shop::open().await;
    let customer = customer(&shop).await;
    let setup = begun(&shop, &customer).await;
    let declined = [("payment_method", "pm_card_chargeDeclined")];
    let error = shop.post(&confirm(&setup), &declined).await.error(402);
    assert_eq!(error["code"], "card_declined");
    assert_eq!(error["setup_intent"]["status"], "requires_payment_method");
    let asked = [("payment_method", "pm_card_authenticationRequiredOnSetup")];
    let waiting = shop.post(&confirm(&setup), &asked).await.ok();
    assert_eq!(waiting["status"], "requires_action");
    assert_eq!(waiting["next_action"]["type"], "use_stripe_sdk");
    let path = format!("setup_intents/{}/authenticate", id(&setup));
    let failed = shop.command(&path, json!({ "outcome": "failed" })).await;
    assert_eq!(
        failed["last_setup_error"]["code"],
        "setup_intent_authentication_failure"
    );
    shop.post(&confirm(&setup), &asked).await.ok();
    let done = shop.command(&path, json!({ "outcome": "succeeded" })).await;
    assert_eq!(done["status"], "succeeded");
}

#[tokio::test]
async fn a_bank_account_that_is_typed_in_is_verified_by_two_small_deposits() {
    let shop = Shop::open().await;
    let customer = customer(&shop).await;
    let setup = begun(&shop, &customer).await;
    let account = |number: &'static str| {
        [
            ("type", "us_bank_account"),
            ("us_bank_account[account_holder_type]", "individual"),
            ("us_bank_account[account_number]", number),
            ("us_bank_account[routing_number]", "110000000"),
            ("billing_details[name]", "A Payer"),
        ]
    };
    let method = shop
        .post("/v1/payment_methods", &account("000123456789"))
        .await
        .ok();
    let given = [("payment_method", method["id"].as_str().expect("an id"))];
    let waiting = shop.post(&confirm(&setup), &given).await.ok();
    assert_eq!(waiting["next_action"]["type"], "verify_with_microdeposits");
    let verify = format!("/v1/setup_intents/{}/verify_microdeposits", id(&setup));
    let wrong = [("amounts[]", "1"), ("amounts[]", "2")];
    shop.post(&verify, &wrong).await.error(400);
    let right = [("amounts[]", "32"), ("amounts[]", "45")];
    let done = shop.post(&verify, &right).await.ok();
    assert_eq!(done["status"], "succeeded");

    let none = shop
        .post("/v1/payment_methods", &account("000666666661"))
        .await
        .ok();
    let setup = begun(&shop, &customer).await;
    let given = [("payment_method", none["id"].as_str().expect("an id"))];
    shop.post(&confirm(&setup), &given).await.ok();
    let verify = format!("/v1/setup_intents/{}/verify_microdeposits", id(&setup));
    let failed = shop.post(&verify, &right).await.ok();
    assert_eq!(
        failed["last_setup_error"]["code"],
        "payment_method_microdeposit_failed"
    );
}

#[tokio::test]
async fn the_network_renews_and_ends_a_stored_card() {
    let shop = Shop::open().await;
    let customer = customer(&shop).await;
    let attach = [("customer", customer.as_str())];
    let method = shop
        .post("/v1/payment_methods/pm_card_visa/attach", &attach)
        .await
        .ok();
    let path = format!("payment_methods/{}/renew", id(&method));
    let renewed = shop
        .command(
            &path,
            json!({ "exp_month": 4, "exp_year": 2031, "number": "4000056655665556" }),
        )
        .await;
    assert_eq!(renewed["card"]["last4"], "5556");
    shop.command(&path, json!({ "exp_month": 10, "exp_year": 2026 }))
        .await;
    let charge = [
        ("amount", "4000"),
        ("currency", "usd"),
        ("customer", customer.as_str()),
        ("payment_method", method["id"].as_str().expect("an id")),
        ("confirm", "true"),
        ("payment_method_types[]", "card"),
    ];
    let error = shop.post("/v1/payment_intents", &charge).await.error(402);
    assert_eq!(error["code"], "expired_card");
    let changed = shop
        .post(
            &format!("/v1/payment_methods/{}", id(&method)),
            &[("card[exp_month]", "12"), ("card[exp_year]", "2032")],
        )
        .await
        .ok();
    assert_eq!(changed["card"]["exp_year"], 2032);
    let types = shop.event_types().await;
    for kind in [
        "payment_method.automatically_updated",
        "payment_method.updated",
    ] {
        assert!(types.iter().any(|known| known == kind), "{types:?}");
    }
}

#[tokio::test]
async fn a_setup_is_given_up_once_and_misspelt_parameters_are_refused() {
    let shop = Shop::open().await;
    let customer = customer(&shop).await;
    let setup = begun(&shop, &customer).await;
    let cancel = format!("/v1/setup_intents/{}/cancel", id(&setup));
    let done = shop
        .post(&cancel, &[("cancellation_reason", "abandoned")])
        .await
        .ok();
    assert_eq!(done["status"], "canceled");
    shop.post(&cancel, &[]).await.error(400);
    let unknown = [("custmer", customer.as_str())];
    let error = shop.post("/v1/setup_intents", &unknown).await.error(400);
    assert_eq!(error["code"], "parameter_unknown");
    let odd = [("usage", "sometimes")];
    shop.post("/v1/setup_intents", &odd).await.error(400);
}
