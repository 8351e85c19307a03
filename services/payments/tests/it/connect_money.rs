//! R30: what was made on an account at the processor stays with it, and practices' accounts are kept apart.

use crate::comparisons::night;
use crate::neighbours::register;
use crate::stage::{Stage, VISA, reason, usd};
use crate::wallet::Methods;
use ids::{MethodId, PracticeId};
use proto::payments::v1::*;
use rpc::Claims;
use serde_json::json;

impl Stage {
    /// A card of the stage's client on file with this account of the practice's own.
    pub async fn card_on_file_of(&self, account: &str) -> MethodId {
        let added = self.wallet().add(VISA).await;
        let method: MethodId = added.method_id.parse().expect("an id");
        let known: Option<String> = sqlx::query_scalar(
            "select processor_account from payments.methods where method_id = $1",
        )
        .bind(method.uuid())
        .fetch_one(self.db.owner_pool())
        .await
        .expect("read");
        assert_eq!(known.unwrap_or_default(), account);
        method
    }

    async fn book_of(&self, account: &str) -> serde_json::Value {
        let book = self.asked(&format!("book?account={account}")).await;
        book["accounts"][0].clone()
    }

    /// What an account has taken, charge by charge.
    async fn taken_on(&self, account: &str) -> Vec<i64> {
        let book = self.book_of(account).await;
        let charges = book["charges"].as_array().into_iter().flatten();
        charges
            .map(|it| it["amount"].as_i64().expect("an amount"))
            .collect()
    }

    fn methods(&self) -> Methods {
        let practice = self.practice;
        Methods::new(self.connection(move |claims| Claims {
            practice_id: Some(practice.to_string()),
            ..claims
        }))
    }
}

#[tokio::test]
async fn r30_what_was_paid_on_an_account_is_read_and_given_back_there() {
    let stage = Stage::start().await;
    let bills = [stage.bill(4_000).await, stage.bill(3_000).await];
    let former = stage.pay(bills[0], 4_000, VISA).await;
    let own = stage.own_account().await;
    // The answer is lost; the webhook of the practice's account tells.
    stage
        .fault("/v1/payment_intents/*/confirm", "reset_after_work")
        .await;
    let latter = stage.pay(bills[1], 3_000, VISA).await;
    assert_eq!(latter.state(), PaymentState::Unknown);
    stage.webhooks_came("payment_intent.succeeded", 2).await;
    stage.process_webhooks().await;
    assert_eq!(
        stage.payment(&latter).await.state(),
        PaymentState::Succeeded
    );
    for paid in [&former, &latter] {
        let given = stage.refund(paid, 1_000, false).await.expect("given back");
        assert_eq!(
            given.refund.expect("a refund").state(),
            RefundState::Succeeded
        );
    }
    // And what somebody does on the practice's account itself.
    let intent = stage.intent_of(&latter).await;
    stage
        .command(
            &format!("refunds?account={own}"),
            json!({ "payment_intent": intent, "amount": 500 }),
        )
        .await;
    stage
        .command(
            &format!("disputes?account={own}"),
            json!({ "payment_intent": intent, "amount": 1_500 }),
        )
        .await;
    stage.webhooks_came("charge.dispute.created", 1).await;
    stage.webhooks_came("refund.created", 3).await;
    stage.process_webhooks().await;
    let after = stage.payment(&latter).await;
    assert_eq!(after.refunded, Some(usd(1_500)));
    let refused = stage.refund(&latter, 1, false).await;
    assert_eq!(reason(refused), "DISPUTED");
    assert_eq!(stage.taken_on(&own).await, [3_000]);
    stage.finish().await;
}

#[tokio::test]
async fn r30_two_practices_with_accounts_of_their_own_are_kept_apart() {
    let mut stage = Stage::start().await;
    let (first, second) = (stage.practice, PracticeId::new(&stage.clock));
    register(stage.db.pool(), second).await;
    let ones = stage.own_account().await;
    let bill = stage.bill(1_000).await;
    let paid = stage.pay(bill, 1_000, VISA).await;
    stage.practice = second;
    assert_eq!(
        stage.online().await,
        (true, String::new()),
        "the other's account is not this one's"
    );
    let others = stage.own_account().await;
    assert_ne!(ones, others);
    let bill = stage.bill(2_000).await;
    stage.pay(bill, 2_000, VISA).await;
    assert_eq!(stage.taken_on(&ones).await, [1_000]);
    assert_eq!(stage.taken_on(&others).await, [2_000]);
    assert_eq!(stage.taken_on("acct_1SandboxPlatform").await, [0_i64; 0]);
    let foreign = stage.refund(&paid, 1, false).await;
    assert_eq!(reason(foreign), "PAYMENT_NOT_FOUND");
    assert_eq!(stage.account().await.processor_account, others);
    // Each night each practice sees what moved on its own account.
    stage.first_night().await;
    stage.minutes(17 * 60);
    assert_eq!(stage.compare().await, 2);
    let compared = [night("2026-03-02", 1, 0), night("2026-03-02", 1, 0)];
    assert_eq!(stage.nights().await, compared);
    for practice in [first, second] {
        stage.practice = practice;
        assert_eq!(stage.discrepancies().await, []);
    }
    stage.finish().await;
}

#[tokio::test]
async fn f05_what_no_webhook_told_of_a_practices_own_account_is_taken_in_at_night() {
    let stage = Stage::start().await;
    let own = stage.own_account().await;
    let bill = stage.bill(4_000).await;
    let paid = stage.pay(bill, 4_000, VISA).await;
    stage
        .command("webhook_plan", json!({ "plan": "drop" }))
        .await;
    let intent = stage.intent_of(&paid).await;
    stage
        .command(
            &format!("refunds?account={own}"),
            json!({ "payment_intent": intent, "amount": 700 }),
        )
        .await;
    stage.first_night().await;
    stage.minutes(17 * 60);
    stage.compare().await;
    assert_eq!(stage.nights().await, [night("2026-03-02", 2, 1)]);
    assert_eq!(stage.discrepancies().await, []);
    assert_eq!(stage.payment(&paid).await.refunded, Some(usd(700)));
    stage.finish().await;
}

#[tokio::test]
async fn r30_what_a_practice_sells_elsewhere_on_its_own_account_is_no_discrepancy() {
    let stage = Stage::start().await;
    let own = stage.own_account().await;
    let sold = stage
        .browser_on(
            &own,
            "payment_intents",
            &[
                ("amount", "900"),
                ("currency", "usd"),
                ("confirm", "true"),
                ("payment_method", VISA),
                ("payment_method_types[]", "card"),
            ],
        )
        .await;
    assert_eq!(sold["status"], "succeeded", "{sold}");
    stage.first_night().await;
    stage.minutes(17 * 60);
    stage.compare().await;
    assert_eq!(stage.nights().await, [night("2026-03-02", 0, 0)]);
    assert_eq!(stage.discrepancies().await, []);
    // The processor's book has a charge that is none of ours: there is nothing to audit.
}

#[tokio::test]
async fn r30_a_card_of_a_former_account_is_shown_as_such_and_charged_again_once_it_was_added_anew()
{
    let stage = Stage::start().await;
    let method = stage.card_on_file_of("").await;
    stage.turn_on().await;
    let own = stage.own_account().await;
    let listed = stage.wallet().list().await;
    assert!(listed[0].former_account && listed[0].is_default);
    let bill = stage.owed(4_000, stage.today()).await;
    let with_it = PayBillRequest {
        processor_method: String::new(),
        method_id: method.to_string(),
        ..stage.pay_request(bill, 4_000, "")
    };
    let refused = stage.owner().pay_bill(with_it.clone()).await;
    assert_eq!(reason(refused), "METHOD_OF_FORMER_ACCOUNT");
    let left_out = (AutoPayOutcome::Skipped, AutoPaySkipReason::FormerAccount);
    let preview = stage.preview().await;
    assert_eq!(preview.items[0].skip_reason(), left_out.1);
    let run = stage.night().await;
    assert_eq!(stage.fate(run, bill).await, left_out);

    // The same card, given to the practice's own account, is the same method.
    assert_eq!(stage.card_on_file_of(&own).await, method);
    assert!(!stage.wallet().list().await[0].former_account);
    stage.minutes(1);
    stage.reconcile().await;
    let forgotten: i64 =
        sqlx::query_scalar("select count(*) from payments.detachments where detach_time is not null and processor_account is null")
            .fetch_one(stage.db.owner_pool())
            .await
            .expect("counted");
    assert_eq!(forgotten, 1, "the former account forgets the card");
    let run = stage.night().await;
    assert_eq!(stage.fate(run, bill).await.0, AutoPayOutcome::Charged);
    assert_eq!(stage.taken_on(&own).await, [4_000]);
    // Nobody waits for a night's calls: they keep the pace of the account that they go to.
    let paces: Vec<String> = sqlx::query_scalar("select account from payments.call_slots")
        .fetch_all(stage.db.owner_pool())
        .await
        .expect("read");
    assert_eq!(paces, [own]);
    stage.finish().await;
}

#[tokio::test]
async fn r30_a_card_that_pays_comes_on_file_with_the_account_it_paid_on() {
    let stage = Stage::start().await;
    let own = stage.own_account().await;
    stage.wallet();
    for amount in [1_000, 2_000] {
        let bill = stage.bill(amount).await;
        let saving = PayBillRequest {
            save_method: true,
            ..stage.pay_request(bill, amount, VISA)
        };
        let paid = stage.owner().pay_bill(saving).await.expect("paid");
        let paid = paid.into_inner().payment.expect("a payment");
        assert_eq!(paid.state(), PaymentState::Succeeded);
        assert!(!paid.method_id.is_empty());
    }
    let bill = stage.bill(3_000).await;
    let listed = stage.wallet().list().await;
    assert_eq!(listed.len(), 1, "the same card");
    let with_it = PayBillRequest {
        processor_method: String::new(),
        method_id: listed[0].method_id.clone(),
        ..stage.pay_request(bill, 3_000, "")
    };
    let paid = stage.owner().pay_bill(with_it).await.expect("paid");
    let paid = paid.into_inner().payment.expect("a payment");
    assert_eq!(paid.processor_account, own);
    let removal = RemoveMethodRequest {
        practice_id: stage.practice.to_string(),
        request_id: testkit::request_id(),
        method_id: listed[0].method_id.clone(),
    };
    stage
        .methods()
        .remove_method(removal)
        .await
        .expect("removed");
    stage.minutes(1);
    stage.reconcile().await;
    let customers: Vec<String> =
        sqlx::query_scalar("select processor_account from payments.account_customers")
            .fetch_all(stage.db.owner_pool())
            .await
            .expect("read");
    assert_eq!(customers, [own], "one customer, on that account");
    stage.finish().await;
}

#[tokio::test]
async fn r30_a_payout_of_a_practices_own_account_is_that_practices_alone() {
    let mut stage = Stage::start().await;
    let (first, second) = (stage.practice, PracticeId::new(&stage.clock));
    register(stage.db.pool(), second).await;
    let own = stage.own_account().await;
    let bill = stage.bill(9_000).await;
    let paid = stage.pay(bill, 9_000, VISA).await;
    stage.refund(&paid, 700, false).await.expect("given back");
    // One is told of by webhook, the other is found at night.
    let payout = stage
        .command(&format!("payouts?account={own}"), json!({}))
        .await;
    let settle = format!(
        "payouts/{}/settle?account={own}",
        payout["id"].as_str().expect("an id")
    );
    stage.command(&settle, json!({ "outcome": "paid" })).await;
    stage.webhooks_came("payout.paid", 1).await;
    stage.process_webhooks().await;
    let payouts = stage.payouts().await;
    assert_eq!((payouts.len(), payouts[0].state()), (1, PayoutState::Paid));
    assert!(!payouts[0].shared);
    let items = stage.payout_items(first, &payouts[0]).await;
    let kinds: Vec<_> = items.iter().map(PayoutItem::kind).collect();
    assert_eq!(kinds, [PayoutItemKind::Charge, PayoutItemKind::Refund]);
    assert!(items.iter().all(|it| it.payment_id == paid.payment_id));

    stage
        .command("webhook_plan", json!({ "plan": "drop" }))
        .await;
    let bill = stage.bill(2_000).await;
    stage.pay(bill, 2_000, VISA).await;
    stage
        .command(&format!("payouts?account={own}"), json!({}))
        .await;
    stage.first_night().await;
    stage.minutes(17 * 60);
    stage.compare().await;
    assert_eq!(stage.payouts().await.len(), 2);
    stage.practice = second;
    assert_eq!(stage.payouts().await, []);
    stage.practice = first;
    stage.finish().await;
}
