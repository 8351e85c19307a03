use serde_json::json;

use crate::receiver::Receiver;
use crate::shop::{Shop, card_payment, id, send};

#[tokio::test]
async fn each_account_has_a_book_of_its_own() {
    let shop = Shop::open().await;
    let receiver = Receiver::open(0).await;
    shop.command(
        "webhook_endpoints",
        json!({ "url": receiver.url, "secret": "whsec_c", "connect": true }),
    )
    .await;
    let pay = shop
        .request(reqwest::Method::POST, "/v1/payment_intents")
        .header("Stripe-Account", "acct_practice1");
    let intent = id(&send(pay.form(&card_payment("4000", "pm_card_visa")))
        .await
        .ok());
    shop.get(&format!("/v1/payment_intents/{intent}"))
        .await
        .error(404);
    let mine = shop
        .request(
            reqwest::Method::GET,
            &format!("/v1/payment_intents/{intent}"),
        )
        .header("Stripe-Account", "acct_practice1");
    send(mine).await.ok();
    let came = receiver.wait_for("payment_intent.succeeded", 1).await;
    assert_eq!(came[0].event()["account"], "acct_practice1");
    let book = shop.get("/_sandbox/book?account=acct_practice1").await.ok();
    assert_eq!(book["accounts"][0]["totals"]["usd"]["captured"], 4000);
    let wrong = shop
        .request(reqwest::Method::GET, "/v1/account")
        .header("Stripe-Account", "../etc");
    assert_eq!(send(wrong).await.error(403)["code"], "account_invalid");
}

#[tokio::test]
async fn the_page_shows_what_happened_to_people() {
    let shop = Shop::open().await;
    let intent = id(&shop.pay(4000, "pm_card_visa").await.ok());
    shop.pay(4000, "pm_card_chargeDeclined").await.error(402);
    shop.post("/v1/refunds", &[("payment_intent", intent.as_str())])
        .await
        .ok();
    let page = shop.get("/_sandbox/").await;
    assert!(
        page.header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
    );
    let page = page.body.as_str().expect("text").to_owned();
    for part in [
        intent.as_str(),
        "$40.00",
        "Your card was declined.",
        "payment_intent.succeeded",
        "re_3",
    ] {
        assert!(page.contains(part), "{part}");
    }
}
