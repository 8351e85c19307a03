//! What stories of payouts share: the bank, the processor that pays out, and what is seen of it.

use crate::audit::BY_HAND;
use crate::stage::{Stage, VISA};
use ids::PracticeId;
use proto::payments::v1::payout_service_client::PayoutServiceClient;
use proto::payments::v1::*;
use rpc::{Claims, Connection};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::eventually;

pub type Payouts = PayoutServiceClient<Connection>;

impl Stage {
    pub fn payouts_of(&self, practice: PracticeId) -> Payouts {
        PayoutServiceClient::new(self.connection(move |claims| Claims {
            practice_id: Some(practice.to_string()),
            ..claims
        }))
    }

    pub async fn payouts(&self) -> Vec<Payout> {
        self.payouts_where(self.practice, PayoutState::Unspecified)
            .await
    }

    pub async fn payouts_where(&self, practice: PracticeId, state: PayoutState) -> Vec<Payout> {
        let request = ListPayoutsRequest {
            practice_id: practice.to_string(),
            state: state.into(),
            ..ListPayoutsRequest::default()
        };
        let answer = self.payouts_of(practice).list_payouts(request).await;
        answer.expect("listed").into_inner().payouts
    }

    pub async fn payout(&self) -> Payout {
        let mut found = self.payouts().await;
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    pub async fn payout_items(&self, practice: PracticeId, payout: &Payout) -> Vec<PayoutItem> {
        let request = ListPayoutItemsRequest {
            practice_id: practice.to_string(),
            payout_id: payout.payout_id.clone(),
            ..ListPayoutItemsRequest::default()
        };
        let answer = self.payouts_of(practice).list_payout_items(request).await;
        answer.expect("listed").into_inner().items
    }

    /// The processor pays out all there is, and answers with its payout.
    pub async fn pay_out(&self) -> String {
        let payout = self.command("payouts", json!({})).await;
        payout["id"].as_str().expect("an id").to_owned()
    }

    pub async fn bank_says(&self, payout: &str, outcome: Value) {
        self.command(&format!("payouts/{payout}/settle"), outcome)
            .await;
    }

    /// A payout that arrives, and is taken in.
    pub async fn paid_out(&self, nth: i64) -> String {
        let payout = self.pay_out().await;
        self.bank_says(&payout, json!({ "outcome": "paid" })).await;
        self.webhooks_came("payout.paid", nth).await;
        self.process_webhooks().await;
        payout
    }

    /// What was announced of payouts, in order.
    pub async fn payout_events(&self) -> Vec<(String, Vec<u8>)> {
        let told = sqlx::query_as(
            "select replace(event_type, 'evenkeel.payments.v1.', ''), payload from payments.outbox
            where event_type like 'evenkeel.payments.v1.Payout%' and practice_id = $1 order by seq",
        );
        let told = told.bind(self.practice.uuid());
        told.fetch_all(self.db.owner_pool()).await.expect("read")
    }

    pub async fn told_types(&self) -> Vec<String> {
        self.payout_events()
            .await
            .into_iter()
            .map(|(kind, _)| kind)
            .collect()
    }

    /// A charge that nobody asked payments for: the audit knows it by its mark.
    pub async fn charge_by_hand(&self, amount: i64, practice: Option<PracticeId>) {
        let mut form = vec![
            ("amount".to_owned(), amount.to_string()),
            ("currency".to_owned(), "usd".to_owned()),
            ("confirm".to_owned(), "true".to_owned()),
            ("payment_method".to_owned(), VISA.to_owned()),
            ("payment_method_types[]".to_owned(), "card".to_owned()),
            (format!("metadata[{BY_HAND}]"), "true".to_owned()),
        ];
        let named = practice.map(|it| ("metadata[practice_id]".to_owned(), it.to_string()));
        form.extend(named);
        let answer = reqwest::Client::new()
            .post(format!("{}/v1/payment_intents", self.sandbox.url()))
            .bearer_auth("sk_test_sandbox")
            .header("idempotency-key", testkit::request_id())
            .form(&form)
            .send()
            .await
            .expect("an answer");
        assert!(answer.status().is_success());
    }

    pub async fn plan(&self, plan: &str, types: &[&str]) {
        let plan = json!({ "plan": plan, "types": types });
        self.command("webhook_plan", plan).await;
    }

    pub async fn released(&self) {
        self.command("webhooks/release", json!({})).await;
    }

    pub async fn text(&self, query: &'static str) -> String {
        let found = sqlx::query_scalar(query).fetch_one(self.db.owner_pool());
        found.await.expect("one")
    }

    /// What the items of the stage's only payout are, and what of it is unmatched.
    pub async fn only_payout(&self) -> (Vec<PayoutItemKind>, i64) {
        let payout = self.payout().await;
        let items = self.payout_items(self.practice, &payout).await;
        let kinds = items.iter().map(PayoutItem::kind).collect();
        (kinds, minor(&payout.unmatched))
    }

    /// 90.00 came. 50.00 of it were given back and came again, of which nobody tells; 60.00 were given back at the processor,
    /// of which nobody tells either, and which cannot be counted while the 50.00 are believed to be on their way. Then all is
    /// paid out. Answers the payout.
    pub async fn paid_out_before_it_is_known(&self, plan: &str) -> String {
        let bill = self.bill(9_000).await;
        let paid = self.pay(bill, 9_000, "pm_card_pendingRefund").await;
        self.refund(&paid, 5_000, false).await.expect("given back");
        self.webhooks_came("refund.created", 1).await;
        self.process_webhooks().await;
        self.plan(plan, &["refund.*", "charge.*"]).await;
        let ours = self
            .text("select processor_refund from payments.refunds")
            .await;
        let failed = json!({ "status": "failed" });
        self.command(&format!("refunds/{ours}/settle"), failed)
            .await;
        let intent = self.intent_of(&paid).await;
        let by_hand = json!({ "payment_intent": intent, "amount": 6_000 });
        self.command("refunds", by_hand).await;
        self.pay_out().await
    }

    /// The reconciler finds out that the 50.00 came again; then what was held back is told.
    pub async fn becomes_known(&self) {
        self.minutes(2);
        self.reconcile().await;
        self.released().await;
        self.webhooks_came("refund.created", 2).await;
        self.process_webhooks().await;
    }

    /// Every word about payouts that came, and that comes meanwhile, is taken in.
    pub async fn payouts_are_taken_in(&self) {
        eventually(Duration::from_secs(10), "nothing waits", || async {
            self.process_webhooks().await;
            let waiting: i64 = sqlx::query_scalar(
                "select count(*) from payments.webhooks where process_time is null and object_kind = 'payout'",
            )
            .fetch_one(self.db.owner_pool())
            .await
            .expect("counted");
            (waiting == 0).then_some(())
        })
        .await;
    }

    pub async fn unmatched_findings(&self) -> Vec<InvariantFinding> {
        let mut found = self.findings().await;
        found.retain(|found| found.invariant == "G8");
        found
    }
}

pub fn minor(amount: &Option<proto::money::v1::Money>) -> i64 {
    amount.as_ref().expect("an amount").minor_units
}

/// Kind, gross, fee and net of each.
pub fn shown(items: &[PayoutItem]) -> Vec<(PayoutItemKind, i64, i64, i64)> {
    let shown = items.iter().map(|it| {
        assert_eq!(minor(&it.gross) - minor(&it.fee), minor(&it.net));
        (it.kind(), minor(&it.gross), minor(&it.fee), minor(&it.net))
    });
    shown.collect()
}
