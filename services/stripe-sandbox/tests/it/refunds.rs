use futures::future::join_all;
use serde_json::json;

use crate::shop::{Shop, id};

#[tokio::test]
async fn a_refund_in_parts_ends_at_what_was_captured() {
    let shop = Shop::open().await;
    let intent = id(&shop.pay(5000, "pm_card_visa").await.ok());
    let part = [
        ("payment_intent", intent.as_str()),
        ("amount", "1500"),
        ("reason", "requested_by_customer"),
        ("metadata[refund_id]", "r1"),
    ];
    let refund = shop.post("/v1/refunds", &part).await.ok();
    assert_eq!(
        (&refund["status"], &refund["amount"]),
        (&"succeeded".into(), &1500.into())
    );
    let charge = refund["charge"].as_str().expect("a charge").to_owned();
    let over = shop
        .post(
            "/v1/refunds",
            &[("charge", charge.as_str()), ("amount", "3501")],
        )
        .await
        .error(400);
    assert_eq!(over["param"], "amount");
    assert_eq!(
        over["message"],
        "Refund amount ($35.01) is greater than unrefunded amount on charge ($35.00)"
    );
    let rest = shop
        .post("/v1/refunds", &[("charge", charge.as_str())])
        .await
        .ok();
    assert_eq!(rest["amount"], 3500);
    let again = shop
        .post("/v1/refunds", &[("payment_intent", intent.as_str())])
        .await
        .error(400);
    assert_eq!(again["code"], "charge_already_refunded");
    let charge = shop.get(&format!("/v1/charges/{charge}")).await.ok();
    assert_eq!(
        (&charge["refunded"], &charge["amount_refunded"]),
        (&true.into(), &5000.into())
    );
    let found = shop
        .get(&format!("/v1/refunds?payment_intent={intent}"))
        .await
        .ok();
    assert_eq!(found["data"].as_array().map(Vec::len), Some(2));
    let totals = &shop.book().await["totals"]["usd"];
    assert_eq!(
        (&totals["refunded"], &totals["net"]),
        (&5000.into(), &(-175).into())
    );
}

#[tokio::test]
async fn fifty_refunds_at_once_never_exceed_the_charge() {
    let shop = Shop::open().await;
    let intent = id(&shop.pay(5000, "pm_card_visa").await.ok());
    let form = [("payment_intent", intent.as_str()), ("amount", "300")];
    let replies = join_all((0..50).map(|_| shop.post("/v1/refunds", &form))).await;
    let made = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(made, 16);
    assert!(
        replies
            .iter()
            .all(|reply| reply.status == 200 || reply.status == 400)
    );
    let book = shop.book().await;
    assert_eq!(book["totals"]["usd"]["refunded"], 4800);
    assert_eq!(book["charges"][0]["amount_refunded"], 4800);
}

#[tokio::test]
async fn what_took_no_money_cannot_be_refunded() {
    let shop = Shop::open().await;
    let declined = shop.pay(5000, "pm_card_chargeDeclined").await.error(402);
    let intent = id(&declined["payment_intent"]);
    shop.post("/v1/refunds", &[("payment_intent", intent.as_str())])
        .await
        .error(400);
    assert_eq!(
        shop.post("/v1/refunds", &[]).await.error(400)["code"],
        "parameter_missing"
    );
    assert_eq!(
        shop.post("/v1/refunds", &[("charge", "ch_x"), ("amount", "0")])
            .await
            .error(400)["code"],
        "parameter_invalid_integer"
    );
    assert_eq!(
        shop.post("/v1/refunds", &[("charge", "ch_x")])
            .await
            .error(404)["code"],
        "resource_missing"
    );
}

#[tokio::test]
async fn a_refund_that_fails_later_gives_the_money_back_to_the_charge() {
    let shop = Shop::open().await;
    let intent = id(&shop.pay(5000, "pm_card_refundFail").await.ok());
    let refund = shop
        .post("/v1/refunds", &[("payment_intent", intent.as_str())])
        .await
        .ok();
    assert_eq!(refund["status"], "succeeded");
    let path = format!("refunds/{}/settle", id(&refund));
    let failed = shop.command(&path, json!({ "status": "failed" })).await;
    assert_eq!(
        (&failed["status"], &failed["failure_reason"]),
        (&"failed".into(), &"expired_or_canceled_card".into())
    );
    let book = shop.book().await;
    assert_eq!(
        (
            &book["charges"][0]["amount_refunded"],
            &book["totals"]["usd"]["refunded"]
        ),
        (&0.into(), &0.into())
    );
    assert_eq!(book["totals"]["usd"]["net"], 5000 - 175);
    let types = shop.event_types().await;
    assert_eq!(
        types[types.len() - 3..],
        ["refund.updated", "charge.refund.updated", "refund.failed"]
    );
}

#[tokio::test]
async fn a_slow_refund_succeeds_in_time() {
    let shop =
        Shop::with(|config| config.settle_after = Some(std::time::Duration::from_secs(5))).await;
    let intent = id(&shop.pay(5000, "pm_card_pendingRefund").await.ok());
    let refund = shop
        .post("/v1/refunds", &[("payment_intent", intent.as_str())])
        .await
        .ok();
    assert_eq!(refund["status"], "pending");
    shop.clock.advance(jiff::SignedDuration::from_secs(6));
    let path = format!("/v1/refunds/{}", id(&refund));
    for _ in 0..100 {
        if shop.get(&path).await.ok()["status"] == "succeeded" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    panic!("it stayed pending");
}
