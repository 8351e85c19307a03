//! R30: what the processor sends to the bank, matched to payments, refunds and disputes.

use crate::payouts_stage::{minor, shown};
use crate::stage::{Stage, VISA, reason, usd};
use futures::future::join_all;
use ids::PracticeId;
use payments::work::compare_due;
use prost::Message as _;
use proto::google::r#type::Date;
use proto::payments::v1::*;
use serde_json::json;
use tonic::Code;

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one payout, every item of it")]
async fn r30_a_payout_is_matched_to_its_payments_refunds_and_disputes() {
    let stage = Stage::start().await;
    let (first, second) = (stage.bill(9_000).await, stage.bill(4_000).await);
    let paid = stage.pay(first, 9_000, VISA).await;
    let disputed = stage.pay(second, 4_000, "pm_card_createDispute").await;
    stage
        .webhooks_came("charge.dispute.funds_withdrawn", 1)
        .await;
    stage.process_webhooks().await;
    stage.refund(&paid, 700, false).await.expect("refunded");
    let object = stage.pay_out().await;
    stage
        .webhooks_came("payout.reconciliation_completed", 1)
        .await;
    stage.process_webhooks().await;

    let payout = stage.payout().await;
    assert_eq!(payout.state(), PayoutState::InTransit);
    assert_eq!(stage.told_types().await, Vec::<String>::new());
    let day = |day| Date {
        year: 2026,
        month: 3,
        day,
    };
    assert_eq!(payout.arrival_date, Some(day(4)));
    assert!(
        payout
            .processor_url
            .ends_with(&format!("test/payouts/{object}"))
    );
    assert!(!payout.shared);
    let items = stage.payout_items(stage.practice, &payout).await;
    assert_eq!(
        shown(&items),
        [
            (PayoutItemKind::Charge, 9_000, 291, 8_709),
            (PayoutItemKind::Charge, 4_000, 146, 3_854),
            (PayoutItemKind::Dispute, -4_000, 1_500, -5_500),
            (PayoutItemKind::Refund, -700, 0, -700),
        ]
    );
    assert_eq!(
        (
            minor(&payout.gross),
            minor(&payout.fees),
            minor(&payout.net)
        ),
        (8_300, 1_937, 6_363)
    );
    let about = |at: usize| (items[at].payment_id.as_str(), items[at].bill_ids.clone());
    assert_eq!(
        about(0),
        (paid.payment_id.as_str(), vec![first.to_string()])
    );
    assert_eq!(
        about(2),
        (disputed.payment_id.as_str(), vec![second.to_string()])
    );
    assert!(items[2].dispute_id.starts_with("dsp_"));
    assert_eq!(
        items[3].refund_id,
        stage.payment(&paid).await.refunds[0].refund_id
    );
    assert_eq!(items[0].method_text, "Visa ending in 4242");
    assert_eq!(items[0].receive_date, Some(day(2)));

    stage.bank_says(&object, json!({ "outcome": "paid" })).await;
    stage.webhooks_came("payout.paid", 1).await;
    stage.process_webhooks().await;
    assert_eq!(stage.payout().await.state(), PayoutState::Paid);
    let told = stage.payout_events().await;
    assert_eq!(told.len(), 1, "once");
    let event = PayoutPaid::decode(told[0].1.as_slice()).expect("an event");
    assert_eq!((event.part, event.part_count, event.items.len()), (1, 1, 4));
    assert_eq!(event.items[2].position, 3);
    assert!(event.items[2].dispute_movement_id.starts_with("dmv_"));
    assert_eq!(event.payout.expect("facts").net, Some(usd(6_363)));
    stage.finish().await;
}

#[tokio::test]
async fn r30_a_payout_that_fails_says_why_and_its_money_comes_with_the_next() {
    let stage = Stage::start().await;
    let bill = stage.bill(9_000).await;
    let paid = stage.pay(bill, 9_000, VISA).await;
    let first = stage.paid_out(1).await;
    let code = json!({ "outcome": "failed", "failure_code": "account_closed" });
    stage.bank_says(&first, code).await;
    stage.webhooks_came("payout.failed", 1).await;
    stage.process_webhooks().await;
    let failed = stage.payout().await;
    assert_eq!(failed.state(), PayoutState::Failed);
    assert!(
        failed.failure_text.contains("is closed"),
        "{}",
        failed.failure_text
    );

    stage.minutes(24 * 60);
    stage.paid_out(2).await;
    let arrived = stage
        .payouts_where(stage.practice, PayoutState::Paid)
        .await
        .remove(0);
    let items = stage.payout_items(stage.practice, &arrived).await;
    assert_eq!(shown(&items), [(PayoutItemKind::Charge, 9_000, 291, 8_709)]);
    assert_eq!(items[0].payment_id, paid.payment_id);
    assert_eq!(
        stage.told_types().await,
        ["PayoutPaid", "PayoutFailed", "PayoutPaid"]
    );
    let listed = stage.payouts().await;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0], arrived, "the latest arrival first");
    stage.finish().await;
}

#[tokio::test]
async fn f03_that_a_payout_failed_is_told_before_the_next_that_pays_its_money_out() {
    let stage = Stage::start().await;
    let bill = stage.bill(9_000).await;
    stage.pay(bill, 9_000, VISA).await;
    let first = stage.paid_out(1).await;
    // The word of the failure is lost.
    let plan = json!({ "plan": "drop", "types": ["payout.failed", "payout.updated"] });
    stage.command("webhook_plan", plan).await;
    stage
        .bank_says(&first, json!({ "outcome": "failed" }))
        .await;
    stage.paid_out(2).await;
    assert_eq!(
        stage.told_types().await,
        ["PayoutPaid", "PayoutFailed", "PayoutPaid"]
    );
    stage.finish().await;
}

#[tokio::test]
async fn f04_words_about_a_payout_reversed_twentyfold_at_once_and_days_late_are_one_payout() {
    let stage = Stage::start().await;
    let bill = stage.bill(9_000).await;
    stage.pay(bill, 9_000, VISA).await;
    let hold = json!({ "plan": "hold", "types": ["payout.*"] });
    stage.command("webhook_plan", hold).await;
    let payout = stage.pay_out().await;
    stage.bank_says(&payout, json!({ "outcome": "paid" })).await;
    stage
        .bank_says(&payout, json!({ "outcome": "failed" }))
        .await;
    stage.minutes(3 * 24 * 60);
    stage
        .command("webhooks/release", json!({ "reversed": true }))
        .await;
    for (kind, count) in [
        ("payout.created", 1),
        ("payout.reconciliation_completed", 1),
        ("payout.updated", 2),
        ("payout.paid", 1),
        ("payout.failed", 1),
    ] {
        stage.webhooks_came(kind, count).await;
    }
    join_all((0..4).map(|_| stage.process_webhooks())).await;
    assert_eq!(stage.payout().await.state(), PayoutState::Failed);
    assert_eq!(
        stage.told_types().await,
        ["PayoutFailed"],
        "by the time the words came it had failed"
    );
    assert_eq!(stage.webhooks_waiting().await, 0);

    let twenty = json!({ "plan": "duplicate", "times": 20, "types": ["payout.*"] });
    stage.command("webhook_plan", twenty).await;
    let second = stage.pay_out().await;
    stage.bank_says(&second, json!({ "outcome": "paid" })).await;
    stage.webhooks_came("payout.paid", 2).await;
    join_all((0..4).map(|_| stage.process_webhooks())).await;
    stage.process_webhooks().await;
    assert_eq!(stage.told_types().await, ["PayoutFailed", "PayoutPaid"]);
    assert_eq!(stage.payouts().await.len(), 2);
    stage.finish().await;
}

#[tokio::test]
async fn f05_without_any_webhook_the_night_finds_payouts_and_what_became_of_them() {
    let stage = Stage::start().await;
    let plan = json!({ "plan": "drop" });
    stage.command("webhook_plan", plan).await;
    let bill = stage.bill(9_000).await;
    let paid = stage.pay(bill, 9_000, VISA).await;
    let intent = stage.intent_of(&paid).await;
    let refund = json!({ "payment_intent": intent, "amount": 700 });
    stage.command("refunds", refund).await;
    let payout = stage.pay_out().await;
    stage.first_night().await;
    let night = async || {
        stage.minutes(24 * 60);
        compare_due(&stage.payments).await.expect("compared")
    };
    assert_eq!(night().await, 1);
    let found = stage.payout().await;
    assert_eq!(found.state(), PayoutState::InTransit);
    let kinds: Vec<_> = shown(&stage.payout_items(stage.practice, &found).await)
        .into_iter()
        .map(|(kind, ..)| kind)
        .collect();
    assert_eq!(kinds, [PayoutItemKind::Charge, PayoutItemKind::Refund]);
    stage.bank_says(&payout, json!({ "outcome": "paid" })).await;
    night().await;
    assert_eq!(stage.payout().await.state(), PayoutState::Paid);
    stage
        .bank_says(&payout, json!({ "outcome": "failed" }))
        .await;
    night().await;
    night().await;
    assert_eq!(stage.told_types().await, ["PayoutPaid", "PayoutFailed"]);
    stage.finish().await;
}

#[tokio::test]
async fn r30_what_is_none_of_ours_is_kept_with_its_amount() {
    let stage = Stage::start().await;
    let bill = stage.bill(9_000).await;
    stage.pay(bill, 9_000, VISA).await;
    stage.charge_by_hand(5_000, None).await;
    stage.command("fees", json!({ "amount": 200 })).await;
    stage.paid_out(1).await;
    let payout = stage.payout().await;
    let items = stage.payout_items(stage.practice, &payout).await;
    assert_eq!(
        shown(&items),
        [
            (PayoutItemKind::Charge, 9_000, 291, 8_709),
            (PayoutItemKind::Other, 5_000, 175, 4_825),
            (PayoutItemKind::ProcessorFee, -200, 0, -200),
        ]
    );
    assert_eq!(items[1].payment_id, "");
    stage.finish().await;
}

#[tokio::test]
async fn r30_of_an_account_that_practices_share_each_has_its_part_and_the_rest_is_kept() {
    let stage = Stage::start().await;
    let other = PracticeId::new(&stage.clock);
    crate::neighbours::register(stage.db.pool(), other).await;
    let bill = stage.bill(9_000).await;
    stage.pay(bill, 9_000, VISA).await;
    stage.charge_by_hand(5_000, Some(other)).await;
    stage.charge_by_hand(2_000, None).await;
    stage.command("fees", json!({ "amount": 200 })).await;
    let object = stage.paid_out(1).await;
    let mine = stage.payout().await;
    assert_eq!(
        (minor(&mine.net), mine.item_count, mine.shared),
        (8_709, 1, true)
    );
    let theirs = stage
        .payouts_where(other, PayoutState::Paid)
        .await
        .remove(0);
    assert_eq!((minor(&theirs.net), theirs.item_count), (4_825, 1));
    let nobodys: Vec<(String, i64, i64)> = sqlx::query_as(
        "select kind, gross_minor, fee_minor from payments.unclaimed_payout_items
        where processor_payout = $1 order by gross_minor desc",
    )
    .bind(&object)
    .fetch_all(stage.db.owner_pool())
    .await
    .expect("read");
    let named = |kind: &str, gross, fee| (kind.to_owned(), gross, fee);
    assert_eq!(
        nobodys,
        [named("charge", 2_000, 88), named("stripe_fee", -200, 0)]
    );

    // Another practice's is not there.
    let request = GetPayoutRequest {
        practice_id: other.to_string(),
        payout_id: mine.payout_id.clone(),
    };
    let status = stage.payouts_of(other).get_payout(request).await;
    let status = status.expect_err("not theirs");
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(reason::<()>(Err(status)), "PAYOUT_NOT_FOUND");
    stage
        .bank_says(&object, json!({ "outcome": "failed" }))
        .await;
    stage.webhooks_came("payout.failed", 1).await;
    stage.process_webhooks().await;
    for practice in [stage.practice, other] {
        assert_eq!(
            stage
                .payouts_where(practice, PayoutState::Failed)
                .await
                .len(),
            1
        );
    }
    stage.finish().await;
}

#[tokio::test]
async fn r30_a_payout_waits_until_what_is_in_it_is_known_and_one_by_hand_never_is() {
    let stage = Stage::start().await;
    let bill = stage.bill(9_000).await;
    stage.pay(bill, 9_000, VISA).await;
    stage
        .command("payouts", json!({ "by_hand": 1_000, "days": 0 }))
        .await;
    let late = stage
        .command("payouts", json!({ "reconciled": false }))
        .await;
    stage.webhooks_came("payout.created", 2).await;
    stage.process_webhooks().await;
    let by_hand = stage.payout().await;
    let items = stage.payout_items(stage.practice, &by_hand).await;
    assert_eq!(shown(&items), [(PayoutItemKind::Other, 1_000, 0, 1_000)]);
    assert!(stage.webhooks_waiting().await > 0, "the other one waits");
    let object = late["id"].as_str().expect("an id");
    stage
        .command(&format!("payouts/{object}/reconcile"), json!({}))
        .await;
    stage
        .webhooks_came("payout.reconciliation_completed", 1)
        .await;
    stage.process_webhooks().await;
    stage.minutes(60);
    stage.process_webhooks().await;
    assert_eq!(stage.payouts().await.len(), 2);
    assert_eq!(stage.webhooks_waiting().await, 0);
    stage.finish().await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "two lists of the same payouts")]
async fn r30_payouts_and_their_items_come_page_by_page() {
    let stage = Stage::start().await;
    for nth in 1..=3 {
        let bill = stage.bill(9_000).await;
        stage.pay(bill, 4_000, VISA).await;
        stage.pay(bill, 5_000, VISA).await;
        stage.paid_out(nth).await;
        stage.minutes(24 * 60);
    }
    let mut client = stage.payouts_of(stage.practice);
    let mut request = ListPayoutsRequest {
        practice_id: stage.practice.to_string(),
        page_size: 2,
        ..ListPayoutsRequest::default()
    };
    let first = client
        .list_payouts(request.clone())
        .await
        .expect("a page")
        .into_inner();
    request.page_token = first.next_page_token.clone();
    let second = client
        .list_payouts(request.clone())
        .await
        .expect("a page")
        .into_inner();
    assert_eq!((first.payouts.len(), second.payouts.len()), (2, 1));
    assert_eq!(second.next_page_token, "");
    let all: Vec<_> = first
        .payouts
        .iter()
        .chain(&second.payouts)
        .cloned()
        .collect();
    assert_eq!(all, stage.payouts().await);
    request.state = PayoutState::Failed.into();
    let other = client.list_payouts(request).await;
    assert_eq!(reason(other), "PAGE_TOKEN_INVALID");

    let mut request = ListPayoutItemsRequest {
        practice_id: stage.practice.to_string(),
        payout_id: all[0].payout_id.clone(),
        page_size: 1,
        page_token: String::new(),
    };
    let first = client
        .list_payout_items(request.clone())
        .await
        .expect("a page")
        .into_inner();
    request.page_token = first.next_page_token;
    let second = client
        .list_payout_items(request)
        .await
        .expect("a page")
        .into_inner();
    let paged = [first.items, second.items].concat();
    assert_eq!(paged, stage.payout_items(stage.practice, &all[0]).await);
    let dates = ListPayoutsRequest {
        practice_id: stage.practice.to_string(),
        from_date: Some(Date {
            year: 2026,
            month: 3,
            day: 9,
        }),
        to_date: Some(Date {
            year: 2026,
            month: 3,
            day: 8,
        }),
        ..ListPayoutsRequest::default()
    };
    assert_eq!(reason(client.list_payouts(dates).await), "INVALID_FIELD");
    stage.finish().await;
}
