use crate::shop::{Shop, id};

#[tokio::test]
async fn a_card_payment_succeeds_and_stands_in_the_book() {
    let shop = Shop::open().await;
    let customer = id(&shop
        .post("/v1/customers", &[("metadata[client]", "c1")])
        .await
        .ok());
    let attach = [("customer", customer.as_str())];
    let method = shop
        .post("/v1/payment_methods/pm_card_mastercard/attach", &attach)
        .await
        .ok();
    assert_eq!(method["card"]["last4"], "4444");
    assert_eq!(method["customer"], customer);

    let form = [
        ("amount", "4000"),
        ("currency", "usd"),
        ("customer", &customer),
        ("payment_method", method["id"].as_str().expect("an id")),
        ("metadata[payment_id]", "pay_1"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
    ];
    let intent = shop.post("/v1/payment_intents", &form).await.ok();
    assert_eq!(intent["status"], "requires_confirmation");
    assert_eq!(intent["amount_received"], 0);
    let confirm = format!("/v1/payment_intents/{}/confirm", id(&intent));
    let expand = [("expand[]", "latest_charge.balance_transaction")];
    let intent = shop.post(&confirm, &expand).await.ok();
    assert_eq!(intent["status"], "succeeded");
    assert_eq!(intent["amount_received"], 4000);
    let charge = &intent["latest_charge"];
    assert_eq!(charge["paid"], true);
    assert_eq!(charge["metadata"]["payment_id"], "pay_1");
    assert_eq!(
        charge["payment_method_details"]["card"]["brand"],
        "mastercard"
    );
    assert_eq!(charge["balance_transaction"]["fee"], 146);
    assert_eq!(charge["balance_transaction"]["net"], 3854);

    let totals = &shop.book().await["totals"]["usd"];
    assert_eq!(
        (&totals["captured"], &totals["fees"], &totals["net"]),
        (&4000.into(), &146.into(), &3854.into())
    );
    let types = shop.event_types().await;
    let expected = [
        "customer.created",
        "payment_method.attached",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ];
    assert_eq!(types, expected);
}

#[tokio::test]
async fn a_second_confirmation_does_not_charge_again() {
    let shop = Shop::open().await;
    let intent = shop.pay(5000, "pm_card_visa").await.ok();
    let again = shop
        .post(
            &format!("/v1/payment_intents/{}/confirm", id(&intent)),
            &[("payment_method", "pm_card_visa")],
        )
        .await;
    let error = again.error(400);
    assert_eq!(error["code"], "payment_intent_unexpected_state");
    assert_eq!(error["payment_intent"]["status"], "succeeded");
    assert_eq!(shop.book().await["totals"]["usd"]["captured"], 5000);
}

#[tokio::test]
async fn an_intent_is_changed_and_canceled_before_it_is_paid_and_not_after() {
    let shop = Shop::open().await;
    let intent = shop
        .post(
            "/v1/payment_intents",
            &[
                ("amount", "1000"),
                ("currency", "usd"),
                ("metadata[a]", "1"),
            ],
        )
        .await
        .ok();
    assert_eq!(intent["status"], "requires_payment_method");
    let path = format!("/v1/payment_intents/{}", id(&intent));
    let changed = shop
        .post(
            &path,
            &[
                ("amount", "1200"),
                ("metadata[a]", ""),
                ("metadata[b]", "2"),
            ],
        )
        .await
        .ok();
    assert_eq!(changed["amount"], 1200);
    assert_eq!(changed["metadata"], serde_json::json!({ "b": "2" }));
    let canceled = shop
        .post(
            &format!("{path}/cancel"),
            &[("cancellation_reason", "abandoned")],
        )
        .await
        .ok();
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(canceled["cancellation_reason"], "abandoned");
    assert_eq!(
        shop.post(&path, &[("amount", "1300")]).await.error(400)["code"],
        "payment_intent_unexpected_state"
    );
    let paid = shop.pay(900, "pm_card_visa").await.ok();
    let cancel = format!("/v1/payment_intents/{}/cancel", id(&paid));
    assert_eq!(
        shop.post(&cancel, &[]).await.error(400)["code"],
        "payment_intent_unexpected_state"
    );
    let noted = shop
        .post(
            &format!("/v1/payment_intents/{}", id(&paid)),
            &[("metadata[note]", "x")],
        )
        .await
        .ok();
    assert_eq!(noted["metadata"]["note"], "x");
}

#[tokio::test]
async fn a_typed_test_card_leaves_only_its_last_four() {
    let shop = Shop::open().await;
    let card = |number| {
        [
            ("type", "card"),
            ("card[number]", number),
            ("card[exp_month]", "12"),
            ("card[exp_year]", "2030"),
            ("card[cvc]", "123"),
        ]
    };
    let method = shop
        .post("/v1/payment_methods", &card("4242 4242 4242 4242"))
        .await
        .ok();
    assert_eq!(method["card"]["last4"], "4242");
    assert!(!method.to_string().contains("42424242"));
    assert_eq!(
        shop.post("/v1/payment_methods", &card("4242424242424241"))
            .await
            .error(402)["code"],
        "incorrect_number"
    );
    // A number with a good checksum that is no test card is treated as a real one and refused.
    let real = shop
        .post("/v1/payment_methods", &card("4111111111111111"))
        .await
        .error(402);
    assert_eq!(real["decline_code"], "live_mode_test_card");
    let mut expired = card("4242424242424242");
    expired[3].1 = "2026";
    expired[2].1 = "10";
    assert_eq!(
        shop.post("/v1/payment_methods", &expired).await.error(402)["code"],
        "invalid_expiry_year"
    );
    let requests = shop.get("/_sandbox/requests").await.ok().to_string();
    assert!(
        !requests.contains("4242%204242")
            && !requests.contains("4242+4242")
            && !requests.contains("4111111111111111")
    );
}

#[tokio::test]
async fn a_method_of_one_customer_does_not_pay_for_another() {
    let shop = Shop::open().await;
    let one = id(&shop.post("/v1/customers", &[]).await.ok());
    let other = id(&shop.post("/v1/customers", &[]).await.ok());
    let method = id(&shop
        .post(
            "/v1/payment_methods/pm_card_visa/attach",
            &[("customer", &one)],
        )
        .await
        .ok());
    let pay = |customer: String| {
        let shop = &shop;
        let method = method.clone();
        async move {
            let form = [
                ("amount", "700"),
                ("currency", "usd"),
                ("payment_method", method.as_str()),
                ("customer", &customer),
            ];
            shop.post("/v1/payment_intents", &form).await
        }
    };
    pay(one.clone()).await.ok();
    pay(other).await.error(400);
    let mine = shop
        .get(&format!("/v1/payment_methods?customer={one}&type=card"))
        .await
        .ok();
    assert_eq!(mine["data"][0]["id"], method);
    shop.post(&format!("/v1/payment_methods/{method}/detach"), &[])
        .await
        .ok();
    pay(one).await.error(400);
    let error = shop
        .post("/v1/payment_intents/pi_none/confirm", &[])
        .await
        .error(404);
    assert_eq!(error["code"], "resource_missing");
}

#[tokio::test]
async fn lists_are_paged_newest_first_by_cursor_and_time() {
    let shop = Shop::open().await;
    let mut made = Vec::new();
    for n in 0..7 {
        made.push(id(&shop.pay(1000 + n, "pm_card_visa").await.ok()));
        shop.clock.advance(jiff::SignedDuration::from_secs(10));
    }
    made.reverse();
    let first = shop.get("/v1/payment_intents?limit=3").await.ok();
    let ids = |page: &serde_json::Value| {
        page["data"]
            .as_array()
            .expect("a page")
            .iter()
            .map(id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&first), made[..3]);
    assert_eq!(first["has_more"], true);
    let rest = shop
        .get(&format!(
            "/v1/payment_intents?limit=10&starting_after={}",
            made[2]
        ))
        .await
        .ok();
    assert_eq!(ids(&rest), made[3..]);
    assert_eq!(rest["has_more"], false);
    let before = shop
        .get(&format!(
            "/v1/payment_intents?limit=2&ending_before={}",
            made[3]
        ))
        .await
        .ok();
    assert_eq!(ids(&before), made[1..3]);
    let since = rest["data"][0]["created"].as_i64().expect("a time");
    let late = shop
        .get(&format!("/v1/payment_intents?created[gt]={since}"))
        .await
        .ok();
    assert_eq!(ids(&late), made[..3]);
    let charges = shop
        .get(&format!(
            "/v1/charges?payment_intent={}&expand[]=data.payment_intent",
            made[0]
        ))
        .await
        .ok();
    assert_eq!(charges["data"][0]["payment_intent"]["id"], made[0]);
    let balance = shop
        .get("/v1/balance_transactions?type=charge&limit=100")
        .await
        .ok();
    assert_eq!(balance["data"].as_array().map(Vec::len), Some(7));
    assert_eq!(
        shop.get("/v1/payment_intents?limit=101").await.error(400)["code"],
        "parameter_invalid_integer"
    );
}

#[tokio::test]
async fn a_bank_debit_is_processing_until_the_bank_answers() {
    let shop = Shop::open().await;
    let form = [
        ("amount", "8000"),
        ("currency", "usd"),
        ("confirm", "true"),
        ("payment_method", "pm_usBankAccount_success"),
        ("payment_method_types[]", "us_bank_account"),
        ("mandate_data[customer_acceptance][type]", "offline"),
    ];
    let intent = shop.post("/v1/payment_intents", &form).await.ok();
    assert_eq!(intent["status"], "processing");
    let cancel = format!("/v1/payment_intents/{}/cancel", id(&intent));
    shop.post(&cancel, &[]).await.error(400);
    let settle = format!("payment_intents/{}/settle", id(&intent));
    let settled = shop
        .command(&settle, serde_json::json!({ "outcome": "succeeded" }))
        .await;
    assert_eq!(settled["status"], "succeeded");
    assert_eq!(shop.book().await["totals"]["usd"]["fees"], 64);

    let mut failing = form;
    failing[3].1 = "pm_usBankAccount_insufficientFunds";
    let intent = shop.post("/v1/payment_intents", &failing).await.ok();
    let settle = format!("payment_intents/{}/settle", id(&intent));
    let failed = shop
        .command(&settle, serde_json::json!({ "outcome": "failed" }))
        .await;
    assert_eq!(failed["status"], "requires_payment_method");
    assert_eq!(
        failed["last_payment_error"]["decline_code"],
        "insufficient_funds"
    );
    let types = shop.event_types().await;
    assert_eq!(
        types[2..4],
        ["payment_intent.processing", "charge.succeeded"]
    );
}

#[tokio::test]
async fn a_debit_wants_the_holders_word_with_where_it_was_given() {
    let shop = Shop::open().await;
    let form = [
        ("amount", "8000"),
        ("currency", "usd"),
        ("confirm", "true"),
        ("payment_method", "pm_usBankAccount_success"),
        ("payment_method_types[]", "us_bank_account"),
    ];
    let refused = shop.post("/v1/payment_intents", &form).await.error(400);
    assert_eq!(refused["code"], "payment_intent_mandate_invalid");
    let acceptance = |name: &str| format!("mandate_data[customer_acceptance]{name}");
    let (kind, address) = (acceptance("[type]"), acceptance("[online][ip_address]"));
    let program = acceptance("[online][user_agent]");
    let half = [(&*kind, "online"), (&*address, "192.0.2.7")];
    let refused = [&form[..], &half[..]].concat();
    let refused = shop.post("/v1/payment_intents", &refused).await.error(400);
    assert_eq!(refused["param"], program);
    let offline = [(&*kind, "offline"), (&*address, "192.0.2.7")];
    let refused = [&form[..], &offline[..]].concat();
    shop.post("/v1/payment_intents", &refused).await.error(400);
    let whole = [&form[..], &half[..], &[(&*program, "Browser/1")]].concat();
    let taken = shop.post("/v1/payment_intents", &whole).await.ok();
    assert_eq!(taken["status"], "processing");
}
