use crate::shop::{Shop, id};

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cards and what each says")]
async fn each_declining_card_says_why_and_takes_nothing() {
    let shop = Shop::open().await;
    let cards = [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        (
            "pm_card_chargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
        ),
        (
            "pm_card_visa_chargeDeclinedLostCard",
            "card_declined",
            "lost_card",
        ),
        (
            "pm_card_chargeDeclinedExpiredCard",
            "expired_card",
            "expired_card",
        ),
        (
            "pm_card_chargeDeclinedIncorrectCvc",
            "incorrect_cvc",
            "incorrect_cvc",
        ),
        (
            "pm_card_chargeDeclinedProcessingError",
            "processing_error",
            "processing_error",
        ),
        (
            "pm_card_chargeCustomerFail",
            "card_declined",
            "generic_decline",
        ),
    ];
    for (method, code, decline_code) in cards {
        let error = shop.pay(2000, method).await.error(402);
        assert_eq!(error["type"], "card_error", "{method}");
        assert_eq!(
            (&error["code"], &error["decline_code"]),
            (&code.into(), &decline_code.into()),
            "{method}"
        );
        let intent = &error["payment_intent"];
        assert_eq!(intent["status"], "requires_payment_method");
        assert_eq!(intent["last_payment_error"]["decline_code"], decline_code);
        assert_eq!(intent["payment_method"], serde_json::Value::Null);
        let charge = shop
            .get(&format!(
                "/v1/charges/{}",
                error["charge"].as_str().expect("a charge")
            ))
            .await
            .ok();
        assert_eq!(
            (&charge["status"], &charge["failure_code"]),
            (&"failed".into(), &code.into())
        );
    }
    let totals = &shop.book().await["totals"]["usd"];
    assert_eq!(
        (&totals["captured"], &totals["failed_charges"]),
        (&0.into(), &cards.len().into())
    );
    assert_eq!(
        shop.event_types().await[..3],
        [
            "payment_intent.created",
            "charge.failed",
            "payment_intent.payment_failed"
        ]
    );
}

#[tokio::test]
async fn after_a_decline_another_card_pays_the_same_intent() {
    let shop = Shop::open().await;
    let error = shop.pay(2500, "pm_card_chargeDeclined").await.error(402);
    let confirm = format!(
        "/v1/payment_intents/{}/confirm",
        id(&error["payment_intent"])
    );
    assert_eq!(
        shop.post(&confirm, &[]).await.error(400)["code"],
        "payment_intent_unexpected_state"
    );
    let intent = shop
        .post(&confirm, &[("payment_method", "pm_card_visa")])
        .await
        .ok();
    assert_eq!(intent["status"], "succeeded");
    assert_eq!(intent["last_payment_error"], serde_json::Value::Null);
    assert_eq!(shop.book().await["totals"]["usd"]["captured"], 2500);
}

#[tokio::test]
async fn a_declining_card_cannot_be_attached_save_the_one_made_to_fail_later() {
    let shop = Shop::open().await;
    let customer = id(&shop.post("/v1/customers", &[]).await.ok());
    let form = [("customer", customer.as_str())];
    let error = shop
        .post("/v1/payment_methods/pm_card_chargeDeclined/attach", &form)
        .await
        .error(402);
    assert_eq!(error["code"], "card_declined");
    shop.post(
        "/v1/payment_methods/pm_card_chargeCustomerFail/attach",
        &form,
    )
    .await
    .ok();
}
