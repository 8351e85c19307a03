//! R30: refunds that are under way on an account at the processor when that is taken away.

use crate::stage::{Client, Stage, VISA, reason, usd};
use ids::{PaymentId, PracticeId, RefundId};
use payments::domain::refund::RefundState as Stands;
use payments::ops::settle_refund;
use proto::payments::v1::*;
use rpc::{Caller, Claims, Role};
use serde_json::json;
use testkit::request_id;
use tonic::{Code, Status};

/// A refund of a payment of 40 dollars on an account of the practice's own.
struct Lost {
    payment: Payment,
    refund: Refund,
}

impl Stage {
    async fn paid_on_own_account(&self) -> (String, Payment) {
        let own = self.own_account().await;
        self.command("webhook_plan", json!({ "plan": "drop" }))
            .await;
        let bill = self.bill(4_000).await;
        (own, self.pay(bill, 4_000, VISA).await)
    }

    async fn lose(&self, account: &str) {
        self.command(&format!("accounts/{account}/deauthorize"), json!({}))
            .await;
    }

    /// A refund whose outcome nobody knows, and the account is gone.
    async fn lost_refund(&self, fault: &str) -> Lost {
        let (own, payment) = self.paid_on_own_account().await;
        self.fault("/v1/refunds", fault).await;
        let given = self.refund(&payment, 1_500, false).await.expect("begun");
        let refund = given.refund.expect("a refund");
        assert_eq!(refund.state(), RefundState::Unknown);
        let early = self
            .close_refund(&self.saying(&refund, RefundClosedOutcome::Refunded))
            .await;
        assert_eq!(reason(early), "REFUND_ENDS_BY_ITSELF", "it can be asked");
        self.lose(&own).await;
        assert_eq!(
            self.account().await.state(),
            ProcessorAccountState::Disconnected
        );
        for pause in [1, 5, 60, 24 * 60, 24 * 60] {
            self.minutes(pause);
            assert_eq!(self.reconcile().await, 1, "it stays open");
        }
        Lost { payment, refund }
    }

    fn saying(&self, refund: &Refund, outcome: RefundClosedOutcome) -> CloseRefundRequest {
        CloseRefundRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            refund_id: refund.refund_id.clone(),
            outcome: outcome.into(),
            reason: "Looked up in the dashboard on March 4".to_owned(),
        }
    }

    async fn close_refund(
        &self,
        request: &CloseRefundRequest,
    ) -> Result<CloseRefundResponse, Status> {
        let answer = self.owner().close_refund(request.clone()).await?;
        Ok(answer.into_inner())
    }

    /// As the processor says of a refund when the account's webhooks are heard after all.
    async fn hear_of(&self, refund: &Refund, says: Stands) -> Result<(), payments::Error> {
        let refund: RefundId = refund.refund_id.parse().expect("an id");
        let (practice, worker) = (self.practice, Caller::worker("payments"));
        settle_refund(
            &self.payments,
            &worker,
            (practice, refund),
            (says, Some("re_heard_of")),
        )
        .await
    }

    async fn told_of_refunds(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select replace(event_type, 'evenkeel.payments.v1.', '') from payments.outbox
            where event_type like '%.Refund%' order by seq",
        )
        .fetch_all(self.db.owner_pool())
        .await
        .expect("read")
    }
}

#[tokio::test]
async fn r30_a_refund_of_a_lost_account_is_closed_as_gone_back_and_booked() {
    let stage = Stage::start().await;
    let lost = stage.lost_refund("reset_after_work").await;
    let request = stage.saying(&lost.refund, RefundClosedOutcome::Refunded);
    // Twins close it once.
    let (one, two) = tokio::join!(stage.close_refund(&request), stage.close_refund(&request));
    let closed = one.expect("closed");
    assert_eq!(closed, two.expect("the same"));
    let refund = closed.refund.expect("a refund");
    assert_eq!(refund.state(), RefundState::Succeeded);
    let closing = refund.closing.clone().expect("who said so");
    assert_eq!(closing.outcome(), RefundClosedOutcome::Refunded);
    assert_eq!(closing.reason, request.reason);
    assert!(closing.closed_by.starts_with("user_") && closing.close_time.is_some());
    assert!(closing.overrule_time.is_none());
    assert_eq!(closed.payment.expect("it").refunded, Some(usd(1_500)));
    assert!(
        stage
            .billing
            .books()
            .refunds
            .contains_key(&refund.refund_id)
    );
    let other = CloseRefundRequest {
        outcome: RefundClosedOutcome::NotRefunded.into(),
        ..request
    };
    assert_eq!(
        reason(stage.close_refund(&other).await),
        "REQUEST_ID_REUSED"
    );
    let twice = stage.saying(&refund, RefundClosedOutcome::NotRefunded);
    assert_eq!(
        reason(stage.close_refund(&twice).await),
        "REFUND_ENDS_BY_ITSELF"
    );
    let bill = lost.payment.allocations[0].bill_id.parse().expect("an id");
    let read = GetPaymentRequest {
        practice_id: stage.practice.to_string(),
        payment_id: lost.payment.payment_id.clone(),
    };
    let told = stage.guest(bill).get_payment(read).await.expect("read");
    let told = told.into_inner().payment.expect("a payment");
    assert_eq!(told.refunds[0].closing, None, "payers are not told who");
    assert_eq!(stage.reconcile().await, 0);
    assert_eq!(stage.findings().await, []);
    stage.finish().await;
}

#[tokio::test]
async fn r30_a_refund_of_a_lost_account_is_closed_as_not_gone_back_and_given_as_credit() {
    let stage = Stage::start().await;
    let lost = stage.lost_refund("reset").await;
    let request = stage.saying(&lost.refund, RefundClosedOutcome::NotRefunded);
    let (practice, client) = (stage.practice, stage.client);
    let mut payer = Client::new(stage.connection(move |claims| Claims {
        role: Role::Client,
        practice_id: Some(practice.to_string()),
        client_ids: vec![client.to_string()],
        ..claims
    }));
    let refused = payer.close_refund(request.clone()).await;
    assert_eq!(refused.expect_err("refused").code(), Code::PermissionDenied);
    let other = PracticeId::new(&stage.clock);
    let foreign = CloseRefundRequest {
        practice_id: other.to_string(),
        ..stage.saying(&lost.refund, RefundClosedOutcome::NotRefunded)
    };
    let refused = stage.owner_of(other).close_refund(foreign).await;
    assert_eq!(reason(refused), "REFUND_NOT_FOUND");
    for (outcome, why) in [(0, "seen"), (2, "  ")] {
        let nothing = CloseRefundRequest {
            outcome,
            reason: why.to_owned(),
            ..stage.saying(&lost.refund, RefundClosedOutcome::NotRefunded)
        };
        assert_eq!(reason(stage.close_refund(&nothing).await), "INVALID_FIELD");
    }
    let closed = stage.close_refund(&request).await.expect("closed");
    assert_eq!(
        closed.refund.expect("a refund").state(),
        RefundState::Failed
    );
    assert_eq!(closed.payment.expect("it").refunded, Some(usd(0)));
    let credit = stage.refund(&lost.payment, 4_000, true).await;
    credit.expect("all of it can be given again");
    assert_eq!(stage.reconcile().await, 0);
    assert_eq!(
        stage.told_of_refunds().await,
        ["RefundFailed", "RefundSucceeded"]
    );
    // What went back although it was believed not to cannot be counted twice; somebody has to see it.
    assert_eq!(stage.findings().await, []);
    for _ in 0..2 {
        let late = stage.hear_of(&lost.refund, Stands::Succeeded).await;
        late.expect("kept");
    }
    let found = stage.findings().await;
    let named: Vec<&str> = found.iter().map(|it| it.invariant.as_str()).collect();
    assert_eq!(named, ["G4"], "{found:?}");
    let after = stage.payment(&lost.payment).await;
    let refund = after
        .refunds
        .iter()
        .find(|it| it.refund_id == lost.refund.refund_id);
    let refund = refund.expect("it stays");
    assert_eq!(refund.state(), RefundState::Failed);
    let closing = refund.closing.as_ref().expect("it stays");
    assert!(closing.overrule_time.is_some());
    assert_eq!(after.refunded, Some(usd(4_000)));
    assert_eq!(
        stage.told_of_refunds().await,
        ["RefundFailed", "RefundSucceeded"]
    );
    stage.finish().await;
}

#[tokio::test]
async fn r30_the_processors_late_word_on_a_closed_refund_counts() {
    let stage = Stage::start().await;
    let lost = stage.lost_refund("reset_after_work").await;
    let wrong = stage.saying(&lost.refund, RefundClosedOutcome::NotRefunded);
    stage.close_refund(&wrong).await.expect("closed");
    for _ in 0..2 {
        let heard = stage.hear_of(&lost.refund, Stands::Succeeded).await;
        heard.expect("settled");
    }
    let after = stage.payment(&lost.payment).await;
    let refund = &after.refunds[0];
    assert_eq!(refund.state(), RefundState::Succeeded);
    assert_eq!(after.refunded, Some(usd(1_500)));
    let closing = refund.closing.as_ref().expect("it stays");
    assert_eq!(closing.outcome(), RefundClosedOutcome::NotRefunded);
    assert!(closing.overrule_time.is_some());
    assert!(
        stage
            .billing
            .books()
            .refunds
            .contains_key(&refund.refund_id)
    );
    assert_eq!(
        stage.told_of_refunds().await,
        ["RefundFailed", "RefundSucceeded"]
    );
    assert_eq!(stage.findings().await, []);
    stage.finish().await;
}

#[tokio::test]
async fn f02_a_refund_that_is_first_sent_when_its_account_is_gone_fails_by_itself() {
    let stage = Stage::start().await;
    let (own, payment) = stage.paid_on_own_account().await;
    // Nobody has heard of it yet: only the processor knows.
    stage.lose(&own).await;
    let given = stage.refund(&payment, 1_500, false).await.expect("begun");
    let refund = given.refund.expect("a refund");
    assert_eq!(refund.state(), RefundState::Failed);
    assert_eq!(given.payment.expect("it").refunded, Some(usd(0)));
    let id: PaymentId = payment.payment_id.parse().expect("an id");
    let open: i64 = sqlx::query_scalar(
        "select count(*) from payments.unsettled where subject_id in (
            select refund_id from payments.refunds where payment_id = $1
        )",
    )
    .bind(id.uuid())
    .fetch_one(stage.db.owner_pool())
    .await
    .expect("counted");
    assert_eq!(open, 0, "nothing is left open");
    let closed = stage.saying(&refund, RefundClosedOutcome::Refunded);
    assert_eq!(
        reason(stage.close_refund(&closed).await),
        "REFUND_ENDS_BY_ITSELF"
    );
    stage.finish().await;
}
