//! R30: charges whose account at the processor is taken away while they are made.

use crate::stage::{Client, Stage, VISA, reason};
use ids::PracticeId;
use proto::payments::v1::*;
use rpc::{Claims, Role};
use serde_json::json;
use std::time::Duration;
use testkit::{eventually, request_id};
use tonic::{Code, Status};

impl Stage {
    async fn take_away(&self, account: &str) {
        self.command(&format!("accounts/{account}/deauthorize"), json!({}))
            .await;
    }

    /// A charge on the practice's account whose outcome nobody knows, and the account is gone.
    async fn lost_charge(&self, fault: &str) -> Payment {
        let own = self.own_account().await;
        self.command("webhook_plan", json!({ "plan": "drop" }))
            .await;
        let bill = self.bill(4_000).await;
        self.fault("/v1/payment_intents/*/confirm", fault).await;
        let lost = self.pay(bill, 4_000, VISA).await;
        assert_eq!(lost.state(), PaymentState::Unknown);
        let early = self
            .close(&self.closing(&lost, ClosedOutcome::Charged))
            .await;
        assert_eq!(reason(early), "PAYMENT_ENDS_BY_ITSELF", "it can be asked");
        self.take_away(&own).await;
        let shown = self.account().await;
        assert_eq!(shown.state(), ProcessorAccountState::Disconnected);
        for pause in [1, 5, 60, 24 * 60, 24 * 60] {
            self.minutes(pause);
            assert_eq!(self.reconcile().await, 1, "it stays open");
        }
        assert_eq!(
            self.billing.held(bill),
            4_000,
            "nobody pays twice meanwhile"
        );
        lost
    }

    fn closing(&self, payment: &Payment, outcome: ClosedOutcome) -> ClosePaymentRequest {
        ClosePaymentRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            payment_id: payment.payment_id.clone(),
            outcome: outcome.into(),
            reason: "Looked up in the dashboard on March 4".to_owned(),
        }
    }

    async fn close(&self, request: &ClosePaymentRequest) -> Result<Payment, Status> {
        let answer = self.owner().close_payment(request.clone()).await?;
        Ok(answer.into_inner().payment.expect("a payment"))
    }

    async fn only_payment(&self) -> Payment {
        let request = ListPaymentsRequest {
            practice_id: self.practice.to_string(),
            ..ListPaymentsRequest::default()
        };
        let listed = self.owner().list_payments(request).await.expect("listed");
        let [only] = listed
            .into_inner()
            .payments
            .try_into()
            .expect("one payment");
        only
    }

    /// How many payments the processor has on an account.
    async fn objects_of(&self, account: &str) -> usize {
        let asked = reqwest::Client::new()
            .get(format!("{}/v1/payment_intents", self.sandbox.url()))
            .bearer_auth("sk_test_sandbox")
            .header("stripe-account", account);
        let page = asked.send().await.expect("an answer");
        let page: serde_json::Value = page.json().await.expect("JSON");
        page["data"].as_array().expect("a list").len()
    }

    pub async fn confirmations(&self) -> i64 {
        sqlx::query_scalar("select count(*) from payments.attempts where call = 'confirm_intent'")
            .fetch_one(self.db.owner_pool())
            .await
            .expect("counted")
    }
}

#[tokio::test]
async fn f02_a_charge_that_begins_on_an_account_that_was_taken_away_ends_at_once() {
    let stage = Stage::start().await;
    let own = stage.own_account().await;
    stage
        .command("webhook_plan", json!({ "plan": "drop" }))
        .await;
    stage.take_away(&own).await;
    let bill = stage.bill(4_000).await;
    let request = stage.pay_request(bill, 4_000, VISA);
    for _ in 0..2 {
        let refused = stage.try_pay(request.clone()).await;
        assert_eq!(reason(refused), "ACCOUNT_DISCONNECTED");
    }
    let ended = stage.only_payment().await;
    assert_eq!(ended.state(), PaymentState::Cancelled);
    assert_eq!(stage.billing.held(bill), 0);
    assert_eq!(
        stage.online().await,
        (false, String::new()),
        "it was learnt"
    );
    stage.minutes(60);
    assert_eq!(stage.reconcile().await, 0, "nothing is left open");
    let next = stage.own_account_without_news().await;
    let paid = stage.pay(bill, 4_000, VISA).await;
    assert_eq!(paid.processor_account, next);
    stage.finish().await;
}

#[tokio::test]
async fn f02_a_charge_whose_account_is_taken_away_before_it_is_confirmed_ends_at_once() {
    let stage = Stage::start().await;
    let own = stage.own_account().await;
    let bill = stage.bill(4_000).await;
    stage
        .fault("/v1/payment_intents", "delay_after_work=400ms")
        .await;
    let request = stage.pay_request(bill, 4_000, VISA);
    let (told, ()) = tokio::join!(stage.try_pay(request.clone()), async {
        eventually(Duration::from_secs(5), "an object", || async {
            (stage.objects_of(&own).await > 0).then_some(())
        })
        .await;
        stage.take_away(&own).await;
    });
    assert_eq!(reason(told), "ACCOUNT_DISCONNECTED");
    assert_eq!(stage.confirmations().await, 1, "it was to be confirmed");
    let ended = stage.only_payment().await;
    assert_eq!(ended.state(), PaymentState::Cancelled);
    assert_eq!(stage.billing.held(bill), 0);
    let again = stage.try_pay(request).await;
    assert_eq!(reason(again), "ACCOUNT_DISCONNECTED");
    stage.minutes(60);
    assert_eq!(stage.reconcile().await, 0, "nothing is left open");
    stage.finish().await;
}

#[tokio::test]
async fn r30_a_charge_of_a_lost_account_is_closed_as_charged_and_pays_its_bill() {
    let stage = Stage::start().await;
    let lost = stage.lost_charge("reset_after_work").await;
    let request = stage.closing(&lost, ClosedOutcome::Charged);
    let closed = stage.close(&request).await.expect("closed");
    assert_eq!(closed.state(), PaymentState::Succeeded);
    let closing = closed.closing.clone().expect("who said so");
    assert_eq!(closing.outcome(), ClosedOutcome::Charged);
    assert_eq!(closing.reason, request.reason);
    assert!(closing.closed_by.starts_with("user_"));
    assert!(closing.close_time.is_some());
    let bill = lost.allocations[0].bill_id.parse().expect("an id");
    assert_eq!(
        (stage.billing.balance(bill), stage.billing.held(bill)),
        (0, 0)
    );
    assert_eq!(stage.close(&request).await.expect("the same"), closed);
    let other = ClosePaymentRequest {
        outcome: ClosedOutcome::NotCharged.into(),
        ..request
    };
    assert_eq!(reason(stage.close(&other).await), "REQUEST_ID_REUSED");
    let twice = stage.closing(&lost, ClosedOutcome::NotCharged);
    assert_eq!(reason(stage.close(&twice).await), "PAYMENT_ENDS_BY_ITSELF");
    let read = GetPaymentRequest {
        practice_id: stage.practice.to_string(),
        payment_id: lost.payment_id.clone(),
    };
    let told = stage.guest(bill).get_payment(read).await.expect("read");
    let told = told.into_inner().payment.expect("a payment");
    assert_eq!(told.closing, None, "a payer is not told who said so");
    assert_eq!(stage.reconcile().await, 0);
    stage.finish().await;
}

/// As if a payout of the account had been taken in before anybody knew of the charge that it pays out.
async fn paid_out_unknown(stage: &Stage, lost: &Payment) {
    let intent = stage.intent_of(lost).await;
    let planted = [
        "insert into payments.payouts (
            practice_id, payout_id, processor_payout, state, arrival_date, currency, gross_minor, fee_minor, item_count,
            shared, create_time, update_time, processor_account
        )
        select practice_id, gen_random_uuid(), 'po_1Lost', 'paid', '2026-03-04', 'USD', 4000, 146, 1, false,
            '2026-03-04T15:00Z', '2026-03-04T15:00Z', processor_account
        from payments.payments where processor_intent = $1",
        "insert into payments.payout_items (
            practice_id, payout_item_id, payout_id, position, processor_transaction, kind, gross_minor, fee_minor,
            processor_word, source_kind, source_object, source_intent
        )
        select practice_id, gen_random_uuid(), payout_id, 1, 'txn_1Lost', 'other', 4000, 146, 'charge', 'charge', $1, $1
        from payments.payouts",
    ];
    for statement in planted {
        let written = sqlx::query(statement).bind(&intent);
        let written = written.execute(stage.db.owner_pool()).await;
        assert_eq!(written.expect("planted").rows_affected(), 1);
    }
}

#[tokio::test]
async fn r30_what_a_lost_account_paid_out_is_matched_when_its_charge_is_closed_and_at_night() {
    let stage = Stage::start().await;
    let lost = stage.lost_charge("reset_after_work").await;
    paid_out_unknown(&stage, &lost).await;
    let unknown = (vec![PayoutItemKind::Other], 4_000);
    assert_eq!(stage.only_payout().await, unknown);
    let request = stage.closing(&lost, ClosedOutcome::Charged);
    stage.close(&request).await.expect("closed");
    let known = (vec![PayoutItemKind::Charge], 0);
    assert_eq!(stage.only_payout().await, known);
    assert_eq!(stage.told_types().await, ["PayoutItemsMatched"]);

    // Had whoever closed it died before: the night matches it, though nobody can ask that account.
    sqlx::query("update payments.payout_items set kind = 'other', payment_id = null")
        .execute(stage.db.owner_pool())
        .await
        .expect("forgotten");
    stage.first_night().await;
    assert_eq!(stage.compare().await, 1);
    assert_eq!(stage.only_payout().await, known);
    stage.finish().await;
}

#[tokio::test]
async fn r30_a_charge_of_a_lost_account_is_closed_as_not_charged_and_paid_again() {
    let stage = Stage::start().await;
    let lost = stage.lost_charge("reset").await;
    let request = stage.closing(&lost, ClosedOutcome::NotCharged);
    let (practice, client) = (stage.practice, stage.client);
    let mut payer = Client::new(stage.connection(move |claims| Claims {
        role: Role::Client,
        practice_id: Some(practice.to_string()),
        client_ids: vec![client.to_string()],
        ..claims
    }));
    let refused = payer.close_payment(request.clone()).await;
    assert_eq!(refused.expect_err("refused").code(), Code::PermissionDenied);
    let other = PracticeId::new(&stage.clock);
    let foreign = ClosePaymentRequest {
        practice_id: other.to_string(),
        ..stage.closing(&lost, ClosedOutcome::NotCharged)
    };
    let refused = stage.owner_of(other).close_payment(foreign).await;
    assert_eq!(reason(refused), "PAYMENT_NOT_FOUND");
    for (outcome, why) in [(0, "seen"), (2, "  ")] {
        let nothing = ClosePaymentRequest {
            outcome,
            reason: why.to_owned(),
            ..stage.closing(&lost, ClosedOutcome::NotCharged)
        };
        assert_eq!(reason(stage.close(&nothing).await), "INVALID_FIELD");
    }
    // Twins close it once.
    let (one, two) = tokio::join!(stage.close(&request), stage.close(&request));
    assert_eq!(one.expect("closed"), two.expect("the same"));
    let closed = stage.payment(&lost).await;
    assert_eq!(closed.state(), PaymentState::Cancelled);
    let bill = lost.allocations[0].bill_id.parse().expect("an id");
    assert_eq!(stage.billing.held(bill), 0);
    let next = stage.own_account_without_news().await;
    let paid = stage.pay(bill, 4_000, VISA).await;
    assert_eq!(
        (paid.processor_account, stage.billing.balance(bill)),
        (next, 0)
    );
    stage.finish().await;
}
