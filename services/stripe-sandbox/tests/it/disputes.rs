use serde_json::{Value, json};

use crate::shop::{Shop, id};

async fn disputed(shop: &Shop) -> (String, Value) {
    let intent = id(&shop.pay(5000, "pm_card_createDispute").await.ok());
    let path = format!("/v1/disputes?payment_intent={intent}");
    let found = shop.get(&path).await.ok()["data"][0].clone();
    (intent, found)
}

#[tokio::test]
async fn a_disputed_charge_loses_its_money_and_a_fee_and_cannot_be_refunded() {
    let shop = Shop::open().await;
    let (intent, dispute) = disputed(&shop).await;
    assert_eq!(
        (&dispute["status"], &dispute["reason"], &dispute["amount"]),
        (&json!("needs_response"), &json!("fraudulent"), &json!(5000))
    );
    let moved = &dispute["balance_transactions"];
    assert_eq!(
        (&moved[0]["amount"], &moved[0]["fee"], &moved[0]["net"]),
        (&json!(-5000), &json!(1500), &json!(-6500))
    );
    let charge = dispute["charge"].as_str().expect("a charge");
    let charge = shop.get(&format!("/v1/charges/{charge}")).await.ok();
    assert_eq!(charge["disputed"], true);
    let refused = shop
        .post("/v1/refunds", &[("payment_intent", intent.as_str())])
        .await
        .error(400);
    assert_eq!(refused["code"], "charge_disputed");
    let types = shop.event_types().await;
    assert_eq!(
        types[types.len() - 2..],
        ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    );
    assert_eq!(shop.book().await["totals"]["usd"]["withdrawn"], 5000);
}

#[tokio::test]
async fn evidence_wins_or_loses_and_what_is_won_comes_back_without_the_fee() {
    for (evidence, status, withdrawn) in [
        ("winning_evidence", "won", 0),
        ("losing_evidence", "lost", 5000),
    ] {
        let shop = Shop::open().await;
        let (_, dispute) = disputed(&shop).await;
        let path = format!("/v1/disputes/{}", id(&dispute));
        let written = [
            ("evidence[uncategorized_text]", evidence),
            ("submit", "false"),
        ];
        let kept = shop.post(&path, &written).await.ok();
        assert_eq!(kept["status"], "needs_response");
        let decided = shop.post(&path, &[("submit", "true")]).await.ok();
        assert_eq!(decided["status"], status);
        let totals = &shop.book().await["totals"]["usd"];
        assert_eq!(
            (&totals["withdrawn"], &totals["fees"]),
            (&json!(withdrawn), &json!(1500 + 175))
        );
        assert_eq!(
            shop.post(&path, &[]).await.error(400)["type"],
            "invalid_request_error"
        );
    }
}

#[tokio::test]
async fn an_inquiry_takes_nothing_until_it_escalates() {
    let shop = Shop::open().await;
    let intent = id(&shop.pay(5000, "pm_card_createDisputeInquiry").await.ok());
    let found = shop
        .get(&format!("/v1/disputes?payment_intent={intent}"))
        .await
        .ok();
    let dispute = &found["data"][0];
    assert_eq!(dispute["status"], "warning_needs_response");
    assert_eq!(dispute["balance_transactions"], json!([]));
    let path = format!("disputes/{}/settle", id(dispute));
    let escalated = shop.command(&path, json!({ "outcome": "escalated" })).await;
    assert_eq!(escalated["status"], "needs_response");
    assert_eq!(shop.book().await["totals"]["usd"]["withdrawn"], 5000);
    let closed = shop
        .post(&format!("/v1/disputes/{}/close", id(dispute)), &[])
        .await
        .ok();
    assert_eq!(closed["status"], "lost");
}

#[tokio::test]
async fn what_is_not_paid_or_disputed_already_is_not_disputed() {
    let shop = Shop::open().await;
    let paid = id(&shop.pay(5000, "pm_card_visa").await.ok());
    let part = shop
        .command(
            "disputes",
            json!({ "payment_intent": paid, "amount": 700, "reason": "duplicate" }),
        )
        .await;
    assert_eq!(
        (&part["amount"], &part["reason"]),
        (&json!(700), &json!("duplicate"))
    );
    for body in [
        json!({ "payment_intent": paid }),
        json!({ "charge": "ch_x" }),
        json!({}),
    ] {
        let request = shop
            .request(reqwest::Method::POST, "/_sandbox/disputes")
            .json(&body);
        assert!(crate::shop::send(request).await.status >= 400, "{body}");
    }
}
