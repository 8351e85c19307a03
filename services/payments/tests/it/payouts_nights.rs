//! R30: how a night looks for payouts and for what they paid out, and that nothing keeps anything else from its turn.

use crate::stage::{Stage, VISA};
use jiff::Timestamp;
use payments::store::unmatched_payout_items::{list_of_ours, update_asked};
use proto::payments::v1::*;
use serde_json::json;

const OTHER: PayoutItemKind = PayoutItemKind::Other;
const DAY: i64 = 24 * 60;

impl Stage {
    /// From how many days before now each list of payouts was asked for.
    async fn looks(&self) -> Vec<i64> {
        let log = self.asked("requests").await;
        let asked = log["requests"].as_array().expect("requests").iter();
        let lists = asked.filter(|it| it["path"] == "/v1/payouts" && it["method"] == "GET");
        let starts = lists.map(|it| {
            let query = it["form"].as_str().expect("a query");
            let query = query.replace("%5B", "[").replace("%5D", "]");
            let mut fields = query.split('&');
            let start = fields.find_map(|field| field.strip_prefix("created[gte]="));
            let start: i64 = start.expect("a start").parse().expect("a time");
            (self.clock.now().as_second() - start) / 86_400
        });
        starts.collect()
    }

    async fn night_passes(&self) {
        self.minutes(DAY);
        assert_eq!(self.compare().await, 1);
    }

    /// 90.00 came, 7.00 and 8.00 of it went back; all is paid out, and nobody shows what went back.
    async fn two_are_paid_out_unknown(&self) {
        let bill = self.bill(9_000).await;
        let paid = self.pay(bill, 9_000, VISA).await;
        let words = [
            "refund.*",
            "charge.*",
            "payout.created",
            "payout.updated",
            "payout.reconciliation_completed",
        ];
        self.plan("drop", &words).await;
        let intent = self.intent_of(&paid).await;
        for amount in [700, 800] {
            let by_hand = json!({ "payment_intent": intent, "amount": amount });
            self.command("refunds", by_hand).await;
            let unseen = json!({ "match": { "method": "GET", "path": "/v1/refunds/*" }, "kind": "status=404" });
            self.command("faults", unseen).await;
        }
        self.paid_out(1).await;
    }
}

#[tokio::test]
async fn f30_a_night_lists_half_a_year_only_now_and_then() {
    let stage = Stage::start().await;
    stage.plan("drop", &[]).await;
    let bill = stage.bill(9_000).await;
    // It is in no payout, and never will be.
    stage.pay(bill, 9_000, VISA).await;
    stage.minutes(40 * DAY);
    stage.first_night().await;
    assert_eq!(stage.compare().await, 1);
    assert!(stage.looks().await[0] >= 39, "the first reaches back");
    for night in 1..=6 {
        stage.night_passes().await;
        let looks = stage.looks().await;
        let last = looks.last().expect("a look");
        assert!(*last <= 17, "night {night}: {last} days");
    }
    stage.night_passes().await;
    let looks = stage.looks().await;
    assert!(
        looks.last().expect("a look") >= &46,
        "after a week: {looks:?}"
    );
    stage.finish().await;
}

#[tokio::test]
async fn f30_what_was_not_asked_for_the_longest_is_asked_for_first() {
    let stage = Stage::start().await;
    stage.two_are_paid_out_unknown().await;
    let (kinds, unmatched) = stage.only_payout().await;
    assert_eq!((kinds[1..].to_vec(), unmatched), (vec![OTHER; 2], -1_500));
    let practice = stage.practice;
    let mut tx = pg::begin(stage.db.pool(), practice).await.expect("begun");
    let mut turns = Vec::new();
    for _ in 0..4 {
        // A night that may ask for one only.
        let found = list_of_ours(&mut tx, practice, (Timestamp::UNIX_EPOCH, 1)).await;
        let item = found.expect("read").pop().expect("one").0.item;
        stage.minutes(DAY);
        let asked = (&[item.uuid()][..], stage.clock.now());
        update_asked(&mut tx, practice, asked).await.expect("kept");
        turns.push(item);
    }
    drop(tx);
    assert_ne!(turns[0], turns[1], "one that nobody knows starves no other");
    assert_eq!(turns[..2], turns[2..], "each has its turn");
    // The real night asks for both.
    stage.first_night().await;
    assert_eq!(stage.compare().await, 1);
    assert_eq!(stage.only_payout().await.1, 0);
    let asked: i64 =
        sqlx::query_scalar("select count(*) from payments.payout_items where ask_time is not null")
            .fetch_one(stage.db.owner_pool())
            .await
            .expect("counted");
    assert_eq!(asked, 2);
    stage.finish().await;
}

#[tokio::test]
async fn f33_what_was_taken_in_before_it_was_kept_what_it_is_is_asked_for_and_matched() {
    let stage = Stage::start().await;
    let object = stage.paid_out_before_it_is_known("drop").await;
    stage.bank_says(&object, json!({ "outcome": "paid" })).await;
    stage.webhooks_came("payout.paid", 1).await;
    stage.process_webhooks().await;
    // As the version before wrote it.
    let forgotten = sqlx::query(
        "update payments.payout_items
        set processor_word = '', source_kind = null, source_object = null, source_intent = null",
    );
    forgotten
        .execute(stage.db.owner_pool())
        .await
        .expect("forgotten");
    assert_eq!(stage.only_payout().await.1, -6_000);
    stage.minutes(4 * DAY);
    stage.reconcile().await;
    stage.first_night().await;
    assert_eq!(stage.compare().await, 1);
    let (kinds, unmatched) = stage.only_payout().await;
    assert_eq!((kinds[3], unmatched), (PayoutItemKind::Refund, 0));
    assert_eq!(
        stage.told_types().await,
        ["PayoutPaid", "PayoutItemsMatched"]
    );
    stage.finish().await;
}
