use std::io::Write;

use clock::Clock;
use jiff::Timestamp;
use reqwest::Method;
use stripe_sandbox::{Config, StartError, Webhook, start};

use crate::receiver::Receiver;
use crate::shop::{Shop, card_payment, id, send};

fn clock(seed: u64) -> Clock {
    let at: Timestamp = "2026-11-21T10:00:00Z".parse().expect("a time");
    Clock::fixed_with_seed(at, seed)
}

#[tokio::test]
async fn a_second_start_continues_with_the_same_book() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sandbox.jsonl");
    let open = |seed| {
        let file = file.clone();
        Shop::with(move |config| (config.data, config.clock) = (Some(file), clock(seed)))
    };
    let pay = |shop: &Shop| {
        let request = shop
            .request(Method::POST, "/v1/payment_intents")
            .header("Idempotency-Key", "k1");
        send(request.form(&card_payment("4000", "pm_card_visa")))
    };
    let shop = open(1).await;
    let intent = pay(&shop).await.ok();
    let book = shop.book().await;
    drop(shop); // as a kill would: nothing is told to finish
    let mut torn = std::fs::OpenOptions::new()
        .append(true)
        .open(&file)
        .expect("the data file");
    torn.write_all(b"{\"account\":\"acct_1Sand")
        .expect("half a line");

    let shop = open(2).await;
    assert_eq!(shop.book().await, book);
    let again = pay(&shop).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(id(&again.ok()), id(&intent));
    let refund = [("payment_intent", intent["id"].as_str().expect("an id"))];
    shop.post("/v1/refunds", &refund).await.ok();
    let shop = {
        shop.running.shutdown().await;
        open(3).await
    };
    assert_eq!(shop.book().await["totals"]["usd"]["refunded"], 4000);
}

#[tokio::test]
async fn a_delivery_under_way_is_taken_up_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sandbox.jsonl");
    let receiver = Receiver::open(0).await;
    let nowhere = Webhook {
        url: "http://127.0.0.1:9/hook".to_owned(),
        secret: "whsec_a".to_owned(),
    };
    let first = file.clone();
    let shop = Shop::with(move |config| {
        (config.data, config.clock, config.webhook) = (Some(first), clock(1), Some(nowhere));
    })
    .await;
    shop.post("/v1/customers", &[]).await.ok();
    drop(shop);
    let text = std::fs::read_to_string(&file).expect("the data file");
    std::fs::write(
        &file,
        text.replace("http://127.0.0.1:9/hook", &receiver.url),
    )
    .expect("written");
    let _shop =
        Shop::with(move |config| (config.data, config.clock) = (Some(file), clock(2))).await;
    let came = receiver.wait_for("customer.created", 1).await;
    assert!(came[0].verified("whsec_a").is_some());
}

#[tokio::test]
async fn a_damaged_file_a_taken_port_and_an_open_address_are_clear_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sandbox.jsonl");
    std::fs::write(&file, "not ours\n").expect("written");
    let damaged = start(Config {
        data: Some(file.clone()),
        ..Config::new(clock(1))
    })
    .await
    .expect_err("damaged");
    assert!(damaged.to_string().contains("line 1"), "{damaged}");
    assert_eq!(std::fs::read_to_string(&file).expect("kept"), "not ours\n");
    let shop = Shop::open().await;
    let taken = start(Config {
        listen: shop.running.addr,
        ..Config::new(clock(1))
    })
    .await
    .expect_err("taken");
    assert!(matches!(taken, StartError::Listen { .. }));
    let open = "0.0.0.0:0".parse().expect("an address");
    let open = start(Config {
        listen: open,
        ..Config::new(clock(1))
    })
    .await
    .expect_err("open");
    assert!(matches!(open, StartError::NotLoopback(_)));
}
