use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::shop::{Shop, id, send};

async fn listed(shop: &Shop, payout: &str) -> Vec<Value> {
    let path = format!("/v1/balance_transactions?payout={payout}&expand[]=data.source");
    let page = shop.get(&path).await.ok();
    page["data"].as_array().expect("rows").clone()
}

async fn refused(shop: &Shop, path: &str, body: Value) -> Value {
    let path = format!("/_sandbox/{path}");
    send(shop.request(reqwest::Method::POST, &path).json(&body))
        .await
        .error(400)
}

fn kinds(rows: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = rows.iter().filter_map(|row| row["type"].as_str()).collect();
    kinds.sort_unstable();
    kinds
}

fn net(rows: &[Value]) -> i64 {
    let others = rows.iter().filter(|row| row["type"] != "payout");
    others.filter_map(|row| row["net"].as_i64()).sum()
}

#[tokio::test]
async fn a_payout_takes_all_there_is_and_lists_what_is_in_it() {
    let shop = Shop::open().await;
    let paid = id(&shop.pay(5_000, "pm_card_visa").await.ok());
    shop.post(
        "/v1/refunds",
        &[("payment_intent", paid.as_str()), ("amount", "700")],
    )
    .await
    .ok();
    shop.command("fees", json!({ "amount": 200 })).await;
    let payout = shop.command("payouts", json!({})).await;
    let named = id(&payout);
    let rows = listed(&shop, &named).await;
    assert_eq!(kinds(&rows), ["charge", "payout", "refund", "stripe_fee"]);
    assert_eq!(payout["amount"], json!(net(&rows)));
    assert_eq!(payout["reconciliation_status"], "completed");
    let again = refused(&shop, "payouts", json!({})).await;
    assert_eq!(again["code"], "balance_insufficient");
    let totals = &shop.book().await["totals"]["usd"];
    assert_eq!(totals["net"], totals["paid_out"]);
}

#[tokio::test]
async fn a_payout_that_fails_comes_back_and_is_paid_out_with_the_next() {
    let shop = Shop::open().await;
    let receiver = Receiver::open(0).await;
    shop.command(
        "webhook_endpoints",
        json!({ "url": receiver.url, "secret": "whsec_p" }),
    )
    .await;
    shop.pay(5_000, "pm_card_visa").await.ok();
    let first = id(&shop.command("payouts", json!({})).await);
    let end = |payout: &str| format!("payouts/{payout}/settle");
    shop.command(&end(&first), json!({ "outcome": "paid" }))
        .await;
    let failed = shop
        .command(
            &end(&first),
            json!({ "outcome": "failed", "failure_code": "no_account" }),
        )
        .await;
    assert_eq!(
        (&failed["status"], &failed["failure_code"]),
        (&json!("failed"), &json!("no_account"))
    );
    refused(&shop, &end(&first), json!({ "outcome": "paid" })).await;
    let second = shop.command("payouts", json!({})).await;
    let rows = listed(&shop, &id(&second)).await;
    assert_eq!(kinds(&rows), ["payout", "payout_failure"]);
    let gone = json!({ "outcome": "failed", "reconciled": false });
    let unlisted = shop.command(&end(&id(&second)), gone).await;
    assert_eq!(unlisted["reconciliation_status"], "in_progress");
    assert_eq!(second["amount"], failed["amount"]);
    let back = rows.iter().find(|row| row["type"] == "payout_failure");
    assert_eq!(back.expect("it came back")["source"]["id"], first);
    receiver.wait_for("payout.failed", 1).await;
}

#[tokio::test]
async fn of_a_payout_by_hand_nobody_can_say_what_is_in_it() {
    let shop = Shop::open().await;
    shop.pay(5_000, "pm_card_visa").await.ok();
    let payout = shop.command("payouts", json!({ "by_hand": 1_000 })).await;
    assert_eq!(payout["reconciliation_status"], "not_applicable");
    let path = format!("/v1/balance_transactions?payout={}", id(&payout));
    let refused = shop.get(&path).await.error(400);
    assert_eq!(refused["param"], "payout");
    let late = shop
        .command("payouts", json!({ "reconciled": false }))
        .await;
    assert_eq!(late["reconciliation_status"], "in_progress");
    let known = shop.get(&format!("/v1/payouts/{}", id(&late))).await.ok();
    assert_eq!(known["status"], "in_transit");
    shop.get("/v1/payouts?stauts=paid").await.error(400);
    let pages = shop.get("/v1/payouts?limit=1").await.ok();
    assert_eq!(pages["has_more"], true);
}
