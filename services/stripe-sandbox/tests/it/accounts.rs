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
    let practice = shop.connected().await;
    let pay = shop
        .request(reqwest::Method::POST, "/v1/payment_intents")
        .header("Stripe-Account", &practice);
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
        .header("Stripe-Account", &practice);
    send(mine).await.ok();
    let came = receiver.wait_for("payment_intent.succeeded", 1).await;
    assert_eq!(came[0].event()["account"], practice.as_str());
    let book = shop
        .get(&format!("/_sandbox/book?account={practice}"))
        .await
        .ok();
    assert_eq!(book["accounts"][0]["totals"]["usd"]["captured"], 4000);
    for nobodys in ["../etc", "acct_1Nobodys"] {
        let wrong = shop
            .request(reqwest::Method::GET, "/v1/account")
            .header("Stripe-Account", nobodys);
        assert_eq!(send(wrong).await.error(403)["code"], "account_invalid");
    }
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

async fn of(shop: &Shop, account: &str, path: &str) -> crate::shop::Reply {
    let request = shop
        .request(reqwest::Method::GET, path)
        .header("Stripe-Account", account);
    send(request).await
}

#[tokio::test]
async fn an_account_takes_nothing_before_its_owner_has_finished_onboarding() {
    let shop = Shop::open().await;
    let receiver = Receiver::open(0).await;
    shop.command(
        "webhook_endpoints",
        json!({ "url": receiver.url, "secret": "whsec_c", "connect": true }),
    )
    .await;
    let wrong = shop.post("/v1/accounts", &[("type", "custom")]).await;
    assert_eq!(wrong.error(400)["param"], "type");
    let form = [("type", "standard"), ("metadata[practice_id]", "prac_1")];
    let made = shop.post("/v1/accounts", &form).await.ok();
    let account = id(&made);
    assert_eq!(made["charges_enabled"], false);
    assert_eq!(made["details_submitted"], false);
    let listed = shop.get("/v1/accounts").await.ok();
    assert_eq!(listed["data"][0]["metadata"]["practice_id"], "prac_1");
    let pay = || {
        let request = shop
            .request(reqwest::Method::POST, "/v1/payment_intents")
            .header("Stripe-Account", &account);
        send(request.form(&card_payment("4000", "pm_card_visa")))
    };
    pay().await.error(400);

    let back = "http://127.0.0.1:1/back";
    let form = [
        ("account", account.as_str()),
        ("return_url", back),
        ("refresh_url", "http://127.0.0.1:1/again"),
        ("type", "account_onboarding"),
    ];
    let link = shop.post("/v1/account_links", &form).await.ok();
    let url = link["url"].as_str().expect("a link").to_owned();
    let browser = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a browser");
    let page = browser.get(&url).send().await.expect("a page");
    assert!(page.text().await.expect("text").contains(&account));
    let click = || browser.post(&url).form(&[("outcome", "finished")]).send();
    let done = click().await.expect("sent back");
    assert_eq!(done.headers()["location"], back);
    let again = click().await.expect("sent to a fresh link");
    assert_eq!(again.headers()["location"], "http://127.0.0.1:1/again");
    let told = receiver.wait_for("account.updated", 1).await;
    assert_eq!(told[0].event()["account"], account.as_str());
    assert_eq!(told[0].event()["data"]["object"]["charges_enabled"], true);
    pay().await.ok();
}

#[tokio::test]
async fn an_account_whose_owner_took_the_access_away_is_nobodys() {
    let shop = Shop::open().await;
    let receiver = Receiver::open(0).await;
    shop.command(
        "webhook_endpoints",
        json!({ "url": receiver.url, "secret": "whsec_c", "connect": true }),
    )
    .await;
    let account = shop.connected().await;
    of(&shop, &account, "/v1/account").await.ok();
    shop.command(&format!("accounts/{account}/deauthorize"), json!({}))
        .await;
    let told = receiver
        .wait_for("account.application.deauthorized", 1)
        .await;
    assert_eq!(told[0].event()["account"], account.as_str());
    let gone = of(&shop, &account, "/v1/account").await;
    assert_eq!(gone.error(403)["code"], "account_invalid");
}
