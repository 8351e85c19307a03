//! R30, R26: payouts are right in the end, whatever is heard of what is in them, and when, or never.

use crate::neighbours::apply;
use crate::payouts_stage::{minor, shown};
use crate::stage::{Stage, VISA};
use ids::PracticeId;
use payments::work::Practices;
use prost::Message as _;
use proto::payments::v1::*;
use proto::portal_auth::v1::{Practice, PracticeRegistered};
use serde_json::json;
use std::time::Duration;
use testkit::eventually;
use uuid::Uuid;

const REFUND: PayoutItemKind = PayoutItemKind::Refund;
const OTHER: PayoutItemKind = PayoutItemKind::Other;

const KNOWN: [PayoutItemKind; 4] = [
    PayoutItemKind::Charge,
    REFUND,
    PayoutItemKind::RefundReturned,
    REFUND,
];

#[tokio::test]
async fn f03_a_refund_that_is_known_after_it_was_paid_out_is_matched_then() {
    let stage = Stage::start().await;
    let object = stage.paid_out_before_it_is_known("hold").await;
    stage.bank_says(&object, json!({ "outcome": "paid" })).await;
    stage.webhooks_came("payout.paid", 1).await;
    stage.process_webhooks().await;
    let (kinds, unmatched) = stage.only_payout().await;
    assert_eq!((kinds[3], unmatched), (OTHER, -6_000));
    assert_eq!(stage.told_types().await, ["PayoutPaid"]);
    stage.becomes_known().await;
    assert_eq!(stage.only_payout().await, (KNOWN.to_vec(), 0));
    let told = stage.payout_events().await;
    assert_eq!(
        stage.told_types().await,
        ["PayoutPaid", "PayoutItemsMatched"]
    );
    let matched = PayoutItemsMatched::decode(told[1].1.as_slice()).expect("an event");
    assert_eq!(matched.items.len(), 1, "what is news");
    let item = &matched.items[0];
    assert_eq!((item.position, item.kind()), (4, REFUND));
    assert_eq!((minor(&item.gross), minor(&item.fee)), (-6_000, 0));
    assert!(item.refund_id.starts_with("rfd_") && item.payment_id.starts_with("pay_"));
    assert!(matched.match_date.is_some() && !item.client_id.is_empty());
    // Told again, and read again, it is nothing new.
    stage.minutes(60);
    stage.released().await;
    stage.process_webhooks().await;
    assert_eq!(stage.payout_events().await.len(), 2);
    stage.finish().await;
}

#[tokio::test]
async fn f03_a_refund_that_is_known_before_its_payout_arrives_is_told_of_with_it() {
    let stage = Stage::start().await;
    let object = stage.paid_out_before_it_is_known("hold").await;
    stage
        .webhooks_came("payout.reconciliation_completed", 1)
        .await;
    stage.process_webhooks().await;
    assert_eq!(stage.only_payout().await.1, -6_000);
    stage.becomes_known().await;
    assert_eq!(stage.only_payout().await, (KNOWN.to_vec(), 0));
    assert_eq!(stage.told_types().await, Vec::<String>::new());
    stage.bank_says(&object, json!({ "outcome": "paid" })).await;
    stage.webhooks_came("payout.paid", 1).await;
    stage.process_webhooks().await;
    let told = stage.payout_events().await;
    assert_eq!(told.len(), 1);
    let paid = PayoutPaid::decode(told[0].1.as_slice()).expect("an event");
    let kinds: Vec<_> = paid.items.iter().map(PayoutItemFacts::kind).collect();
    assert_eq!(kinds, KNOWN);
    stage.finish().await;
}

#[tokio::test]
async fn f05_what_was_paid_out_and_is_never_told_of_is_asked_for_each_night() {
    let stage = Stage::start().await;
    let object = stage.paid_out_before_it_is_known("drop").await;
    stage.bank_says(&object, json!({ "outcome": "paid" })).await;
    stage.webhooks_came("payout.paid", 1).await;
    stage.process_webhooks().await;
    assert_eq!(stage.only_payout().await.1, -6_000);
    assert_eq!(stage.unmatched_findings().await, [], "it may become known");
    stage.minutes(4 * 24 * 60);
    let found = stage.unmatched_findings().await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].subject.starts_with("payout item poi_"));
    let says = &found[0].explanation;
    for part in [object.as_str(), "-6000 USD", "re_", "2026-03-02"] {
        assert!(says.contains(part), "{part}: {says}");
    }
    // The day that is compared is another than that on which it moved.
    stage.reconcile().await;
    stage.first_night().await;
    assert_eq!(stage.compare().await, 1);
    assert_eq!(stage.only_payout().await, (KNOWN.to_vec(), 0));
    assert_eq!(
        stage.told_types().await,
        ["PayoutPaid", "PayoutItemsMatched"]
    );
    assert_eq!(stage.unmatched_findings().await, []);
    stage.finish().await;
}

#[tokio::test]
async fn f03_a_dispute_that_the_processor_did_not_show_at_first_is_matched_when_it_does() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    stage.plan("hold", &["charge.*"]).await;
    stage.pay(bill, 4_000, "pm_card_createDispute").await;
    let more = stage.bill(9_000).await;
    stage.pay(more, 9_000, VISA).await;
    let unseen =
        json!({ "match": { "method": "GET", "path": "/v1/disputes/*" }, "kind": "status=404" });
    stage.command("faults", unseen).await;
    // One word only, so that it is looked at once.
    let others = [
        "payout.created",
        "payout.updated",
        "payout.reconciliation_completed",
    ];
    stage.plan("drop", &others).await;
    stage.paid_out(1).await;
    let (kinds, unmatched) = stage.only_payout().await;
    assert_eq!((kinds.contains(&OTHER), unmatched), (true, -4_000));
    stage.released().await;
    stage.webhooks_came("charge.dispute.created", 1).await;
    stage.process_webhooks().await;
    let (kinds, unmatched) = stage.only_payout().await;
    assert!(kinds.contains(&PayoutItemKind::Dispute) && !kinds.contains(&OTHER));
    assert_eq!(unmatched, 0);
    assert_eq!(
        stage.told_types().await,
        ["PayoutPaid", "PayoutItemsMatched"]
    );
    stage.finish().await;
}

#[tokio::test]
async fn r30_a_practice_of_another_currency_keeps_no_other_from_its_part_of_a_payout() {
    let stage = Stage::start().await;
    // It comes first in every order.
    let euros = PracticeId::from(Uuid::from_u128(1));
    let registered = PracticeRegistered {
        practice: Some(Practice {
            practice_id: euros.to_string(),
            time_zone: "Europe/Paris".to_owned(),
            currency_code: "EUR".to_owned(),
            ..Practice::default()
        }),
    };
    apply(stage.db.pool(), &Practices, euros, &registered).await;
    let bill = stage.bill(9_000).await;
    stage.pay(bill, 9_000, VISA).await;
    stage.charge_by_hand(5_000, Some(euros)).await;
    let object = stage.paid_out(1).await;
    let mine = stage.payout().await;
    assert_eq!(mine.state(), PayoutState::Paid);
    assert_eq!((minor(&mine.net), mine.shared), (8_709, true));
    stage.payouts_are_taken_in().await;
    let theirs = stage.payouts_where(euros, PayoutState::Unspecified).await;
    assert_eq!(theirs, []);
    // What is theirs is kept in their name, and whoever looks after them is told.
    let kept: (Uuid, String, i64, String) = sqlx::query_as(
        "select practice_id, kind, gross_minor, currency from payments.unclaimed_payout_items",
    )
    .fetch_one(stage.db.owner_pool())
    .await
    .expect("one");
    let charge = (euros.uuid(), "charge".to_owned(), 5_000, "USD".to_owned());
    assert_eq!(kept, charge);
    let found = payments::ops::verify_practice(stage.db.pool(), euros, stage.clock.now()).await;
    let found = found.expect("checked");
    assert_eq!(found.len(), 1, "{found:?}");
    let says = format!("{:?}", found[0]);
    assert!(says.contains("G8") && says.contains(&object) && says.contains("5000 USD"));
    assert_eq!(stage.unmatched_findings().await, []);

    let failed = json!({ "outcome": "failed" });
    stage.bank_says(&object, failed).await;
    stage.webhooks_came("payout.failed", 1).await;
    stage.process_webhooks().await;
    assert_eq!(stage.payout().await.state(), PayoutState::Failed);
    stage.finish().await;
}

#[tokio::test]
async fn f05_a_payout_that_failed_is_reversed_though_what_was_in_it_is_listed_no_more() {
    let stage = Stage::start().await;
    let bill = stage.bill(9_000).await;
    stage.pay(bill, 9_000, VISA).await;
    let first = stage.paid_out(1).await;
    let failed = json!({ "outcome": "failed", "reconciled": false });
    stage.bank_says(&first, failed).await;
    stage.webhooks_came("payout.failed", 1).await;
    stage.process_webhooks().await;
    assert_eq!(stage.payout().await.state(), PayoutState::Failed);
    assert_eq!(stage.told_types().await, ["PayoutPaid", "PayoutFailed"]);
    stage.payouts_are_taken_in().await;
    // What the next one pays out of it is not known before that is listed again.
    stage.paid_out(2).await;
    assert_eq!(stage.payouts().await.len(), 1);
    stage
        .command(&format!("payouts/{first}/reconcile"), json!({}))
        .await;
    stage.minutes(60);
    stage.process_webhooks().await;
    assert_eq!(
        stage.told_types().await,
        ["PayoutPaid", "PayoutFailed", "PayoutPaid"]
    );
    let arrived = stage
        .payouts_where(stage.practice, PayoutState::Paid)
        .await
        .remove(0);
    let items = stage.payout_items(stage.practice, &arrived).await;
    assert_eq!(shown(&items), [(PayoutItemKind::Charge, 9_000, 291, 8_709)]);
    stage.finish().await;
}

#[tokio::test]
async fn f05_a_payout_failed_when_its_money_comes_again_though_the_processor_shows_it_no_more() {
    let stage = Stage::start().await;
    let bill = stage.bill(9_000).await;
    stage.pay(bill, 9_000, VISA).await;
    let first = stage.paid_out(1).await;
    stage
        .plan("drop", &["payout.failed", "payout.updated"])
        .await;
    stage
        .bank_says(&first, json!({ "outcome": "failed" }))
        .await;
    let path = format!("/v1/payouts/{first}");
    let unseen = json!({ "match": { "method": "GET", "path": path }, "kind": "status=404" });
    stage.command("faults", unseen).await;
    stage.paid_out(2).await;
    assert_eq!(
        stage.told_types().await,
        ["PayoutPaid", "PayoutFailed", "PayoutPaid"]
    );
    stage.finish().await;
}

#[tokio::test]
async fn f03_a_payout_of_an_account_that_was_taken_away_is_reversed_when_it_failed() {
    let stage = Stage::start().await;
    let own = stage.own_account().await;
    let on = |path: &str| format!("{path}?account={own}");
    let bill = stage.bill(9_000).await;
    stage.pay(bill, 9_000, VISA).await;
    let payout = stage.command(&on("payouts"), json!({})).await;
    let payout = payout["id"].as_str().expect("an id").to_owned();
    let settle = on(&format!("payouts/{payout}/settle"));
    stage.command(&settle, json!({ "outcome": "paid" })).await;
    stage.webhooks_came("payout.paid", 1).await;
    stage.process_webhooks().await;
    assert_eq!(stage.payout().await.state(), PayoutState::Paid);

    stage.command(&settle, json!({ "outcome": "failed" })).await;
    stage.webhooks_came("payout.failed", 1).await;
    stage
        .command(&format!("accounts/{own}/deauthorize"), json!({}))
        .await;
    stage
        .told_of_accounts("account.application.deauthorized", 1)
        .await;
    stage.minutes(60);
    stage.process_webhooks().await;
    assert_eq!(stage.payout().await.state(), PayoutState::Failed);
    assert_eq!(stage.told_types().await, ["PayoutPaid", "PayoutFailed"]);
    stage.payouts_are_taken_in().await;
    stage.finish().await;
}

#[tokio::test]
async fn f04_two_first_words_of_a_payout_at_once_are_one_payout_of_everybody_in_it() {
    let stage = Stage::start().await;
    let bill = stage.bill(9_000).await;
    stage.pay(bill, 9_000, VISA).await;
    let object = stage.pay_out().await;
    stage
        .webhooks_came("payout.reconciliation_completed", 1)
        .await;
    // Another process has heard that it was paid, and is about to commit that.
    let other = Uuid::from_u128(1);
    let mut tx = stage.db.owner_pool().begin().await.expect("begun");
    sqlx::query(
        "insert into payments.account_payouts (processor_payout, state, practice_ids, create_time, update_time)
        values ($1, 'paid', array[$2], '2026-03-02T15:00Z', '2026-03-02T15:00Z')",
    )
    .bind(&object)
    .bind(other)
    .execute(&mut *tx)
    .await
    .expect("written");
    let mine = tokio::spawn({
        let payments = stage.payments.clone();
        async move { payments::work::process_webhooks_due(&payments).await }
    });
    eventually(Duration::from_secs(10), "somebody waits", || async {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and query like '%account_payouts%'",
        )
        .fetch_one(stage.db.owner_pool())
        .await
        .expect("counted");
        (waiting > 0).then_some(())
    })
    .await;
    tx.commit().await.expect("committed");
    mine.await.expect("ended").expect("processed");
    let (state, practices): (String, Vec<Uuid>) =
        sqlx::query_as("select state, practice_ids from payments.account_payouts")
            .fetch_one(stage.db.owner_pool())
            .await
            .expect("one");
    assert_eq!(state, "paid");
    assert_eq!(practices, [other, stage.practice.uuid()]);
    stage.finish().await;
}

#[tokio::test]
async fn f04_what_is_known_of_an_object_of_another_account_claims_nothing_of_a_payout() {
    let stage = Stage::start().await;
    let other = PracticeId::new(&stage.clock);
    crate::neighbours::register(stage.db.pool(), other).await;
    let bill = stage.bill(9_000).await;
    let paid = stage.pay(bill, 9_000, VISA).await;
    stage.refund(&paid, 700, false).await.expect("given back");
    // The same ids are known, of another account.
    sqlx::query("update payments.processor_objects set processor_account = 'acct_1Elsewhere'")
        .execute(stage.db.owner_pool())
        .await
        .expect("planted");
    stage.paid_out(1).await;
    // The charge bears the practice's name, the refund nobody's.
    assert_eq!(stage.only_payout().await, (vec![OTHER], 9_000));
    let nobodys: (String, i64, Option<Uuid>) = sqlx::query_as(
        "select kind, gross_minor, practice_id from payments.unclaimed_payout_items",
    )
    .fetch_one(stage.db.owner_pool())
    .await
    .expect("one");
    assert_eq!(nobodys, ("refund".to_owned(), -700, None));
    stage.finish().await;
}

#[tokio::test]
async fn r30_what_is_unmatched_is_found_by_payout_amount_and_day() {
    let stage = Stage::start().await;
    let bill = stage.bill(9_000).await;
    stage.pay(bill, 9_000, VISA).await;
    stage.paid_out(1).await;
    stage.minutes(24 * 60);
    stage.charge_by_hand(5_000, None).await;
    stage.paid_out(2).await;
    let request = ListPayoutsRequest {
        practice_id: stage.practice.to_string(),
        unmatched_only: true,
        ..ListPayoutsRequest::default()
    };
    let mut client = stage.payouts_of(stage.practice);
    let listed = client.list_payouts(request).await.expect("listed");
    let listed = listed.into_inner().payouts;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(minor(&listed[0].unmatched), 5_000);
    assert!(listed[0].arrival_date.is_some());
    assert_eq!(stage.payouts().await.len(), 2);
    let items = stage.payout_items(stage.practice, &listed[0]).await;
    assert_eq!(
        (items[0].kind(), &*items[0].processor_kind),
        (OTHER, "charge")
    );
    assert!(items[0].processor_transaction.starts_with("txn_"));
    // It is none of ours: there is nothing to find out.
    stage.minutes(5 * 24 * 60);
    assert_eq!(stage.unmatched_findings().await, []);
    stage.finish().await;
}

#[tokio::test]
async fn f30_a_first_look_reaches_back_to_the_oldest_payment_that_is_in_no_payout() {
    let stage = Stage::start().await;
    let nothing: &[&str] = &[];
    stage.plan("drop", nothing).await;
    let bill = stage.bill(9_000).await;
    stage.pay(bill, 9_000, VISA).await;
    let object = stage.pay_out().await;
    stage.bank_says(&object, json!({ "outcome": "paid" })).await;
    stage.minutes(20 * 24 * 60);
    stage.first_night().await;
    stage.compare().await;
    let payout = stage.payout().await;
    assert_eq!(payout.state(), PayoutState::Paid);
    assert_eq!(minor(&payout.net), 8_709);
    stage.finish().await;
}
