//! R29: disputes in the books. R25, R26: refunds that banks send back.

use crate::app::{TODAY, TestApp, due, minor, usd};
use billing::work::Payments;
use ids::{DisputeId, DisputeMovementId};
use prost_reflect::ReflectMessage;
use proto::billing::v1::{
    AccountKind, BillStatus, GetBillDocumentRequest, GetTrialBalanceRequest, PostPaymentRequest,
    PostRefundRequest,
};
use proto::payments::v1::*;

impl TestApp {
    pub async fn hear(&self, event: &impl ReflectMessage) {
        let event = self.event(self.practice, 1, event);
        let follower = Payments(self.billing.clone());
        self.apply(&follower, &event).await;
        // Once more: it has its effect once.
        self.apply(&follower, &event).await;
    }

    /// Debits less credits of a kind of account.
    pub async fn account(&self, kind: AccountKind) -> i64 {
        let request = GetTrialBalanceRequest {
            practice_id: self.practice.to_string(),
        };
        let trial = self.ledger().get_trial_balance(request).await;
        let lines = trial.expect("read").into_inner().lines;
        let line = lines.iter().find(|line| line.account_kind() == kind);
        line.map_or(0, |line| minor(&line.debits) - minor(&line.credits))
    }

    async fn accounts(&self) -> [i64; 4] {
        [
            self.account(AccountKind::ProcessorClearing).await,
            self.account(AccountKind::DisputedFunds).await,
            self.account(AccountKind::DisputeLosses).await,
            self.account(AccountKind::ProcessorFees).await,
        ]
    }
}

fn facts(app: &TestApp, payment: &PostPaymentRequest, state: DisputeState) -> DisputeFacts {
    DisputeFacts {
        dispute_id: DisputeId::new(&app.clock).to_string(),
        payment_id: payment.payment_id.clone(),
        client_id: payment.client_id.clone(),
        amount: Some(usd(4_000)),
        state: state.into(),
        ..DisputeFacts::default()
    }
}

fn opened(dispute: &DisputeFacts) -> DisputeOpened {
    DisputeOpened {
        dispute: Some(dispute.clone()),
        open_date: Some(TODAY),
    }
}

fn withdrawn(app: &TestApp, dispute: &DisputeFacts) -> DisputeFundsWithdrawn {
    DisputeFundsWithdrawn {
        dispute: Some(dispute.clone()),
        movement_id: DisputeMovementId::new(&app.clock).to_string(),
        amount: Some(usd(4_000)),
        fee: Some(usd(1_500)),
        move_date: Some(TODAY),
    }
}

fn closed(dispute: &DisputeFacts, state: DisputeState) -> DisputeClosed {
    DisputeClosed {
        dispute: Some(DisputeFacts {
            state: state.into(),
            ..dispute.clone()
        }),
        close_date: Some(TODAY),
    }
}

#[tokio::test]
async fn r29_a_disputes_money_is_under_way_until_it_is_lost_and_the_bill_stays_paid() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let payment = app.payment(4_000, &[(&bill, 4_000)]);
    app.post(&payment).await;
    let dispute = facts(&app, &payment, DisputeState::NeedsResponse);
    app.hear(&opened(&dispute)).await;
    app.hear(&withdrawn(&app, &dispute)).await;
    assert_eq!(app.accounts().await, [-1_500, 4_000, 0, 1_500]);
    app.hear(&closed(&dispute, DisputeState::Lost)).await;
    assert_eq!(app.accounts().await, [-1_500, 0, 4_000, 1_500]);
    assert_eq!(due(&app.bill(&bill).await), (0, 0, BillStatus::Paid));
    app.finish().await;
}

#[tokio::test]
async fn r29_what_is_won_comes_back_and_only_the_fee_is_lost() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let payment = app.payment(4_000, &[(&bill, 4_000)]);
    app.post(&payment).await;
    let dispute = facts(&app, &payment, DisputeState::NeedsResponse);
    app.hear(&opened(&dispute)).await;
    app.hear(&withdrawn(&app, &dispute)).await;
    let reinstated = DisputeFundsReinstated {
        dispute: Some(dispute.clone()),
        movement_id: DisputeMovementId::new(&app.clock).to_string(),
        amount: Some(usd(4_000)),
        fee: Some(usd(0)),
        move_date: Some(TODAY),
    };
    app.hear(&reinstated).await;
    app.hear(&closed(&dispute, DisputeState::Won)).await;
    assert_eq!(app.accounts().await, [2_500, 0, 0, 1_500]);
    app.finish().await;
}

#[tokio::test]
async fn r29_the_bill_says_neutrally_that_its_payment_is_in_dispute() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let payment = app.payment(4_000, &[(&bill, 4_000)]);
    app.post(&payment).await;
    let dispute = facts(&app, &payment, DisputeState::NeedsResponse);
    let methods = async || {
        let request = GetBillDocumentRequest {
            practice_id: app.practice.to_string(),
            bill_id: bill.bill_id.clone(),
        };
        let read = app.documents().get_bill_document(request).await;
        let document = read
            .expect("read")
            .into_inner()
            .document
            .expect("a document");
        document.payments[0].method_text.clone()
    };
    let before = methods().await;
    app.hear(&opened(&dispute)).await;
    assert_eq!(methods().await, format!("{before} (in dispute)"));
    app.hear(&closed(&dispute, DisputeState::Won)).await;
    assert_eq!(methods().await, before);
    app.finish().await;
}

/// What payments says of a refund that came back.
fn failed(refund: &PostRefundRequest) -> RefundFailed {
    RefundFailed {
        refund_id: refund.refund_id.clone(),
        payment_id: refund.payment_id.clone(),
        amount: refund.amount.clone(),
        refund_date: refund.refund_date,
        fail_date: Some(TODAY),
        came_back: true,
        ..RefundFailed::default()
    }
}

#[tokio::test]
async fn f08_a_refund_that_came_back_pays_its_bill_again() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let payment = app.payment(4_000, &[(&bill, 4_000)]);
    app.post(&payment).await;
    let refund = app.refund_request(&payment, 1_000);
    let never_booked = failed(&app.refund_request(&payment, 500));
    app.hear(&never_booked).await;
    app.as_payments()
        .post_refund(refund.clone())
        .await
        .expect("booked");
    assert_eq!(due(&app.bill(&bill).await), (1_000, 0, BillStatus::Open));
    app.hear(&failed(&refund)).await;
    assert_eq!(due(&app.bill(&bill).await), (0, 0, BillStatus::Paid));
    assert_eq!(app.account(AccountKind::ProcessorClearing).await, 4_000);
    assert_eq!(
        app.count_events("evenkeel.billing.v1.RefundReturned").await,
        1
    );
    // All of it can be refunded again.
    app.refund(&payment, 4_000).await;
    assert_eq!(due(&app.bill(&bill).await), (4_000, 0, BillStatus::Open));
    app.finish().await;
}

/// Somebody closed it as failed, the processor said otherwise, and that was booked by a call before the feed told of either.
#[tokio::test]
async fn f08_a_refund_that_was_booked_before_it_was_told_to_have_failed_stays_booked() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let payment = app.payment(4_000, &[(&bill, 4_000)]);
    app.post(&payment).await;
    let refund = app.refund_request(&payment, 1_000);
    app.as_payments()
        .post_refund(refund.clone())
        .await
        .expect("booked");
    let told_before = RefundFailed {
        came_back: false,
        ..failed(&refund)
    };
    app.hear(&told_before).await;
    assert_eq!(due(&app.bill(&bill).await), (1_000, 0, BillStatus::Open));
    assert_eq!(
        app.count_events("evenkeel.billing.v1.RefundReturned").await,
        0
    );
    app.finish().await;
}

#[tokio::test]
async fn f08_a_refund_that_came_back_after_the_bill_was_paid_otherwise_is_credit() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let payment = app.payment(4_000, &[(&bill, 4_000)]);
    app.post(&payment).await;
    let refund = app.refund_request(&payment, 4_000);
    app.as_payments()
        .post_refund(refund.clone())
        .await
        .expect("booked");
    app.post(&app.payment(3_000, &[(&bill, 3_000)])).await;
    app.hear(&failed(&refund)).await;
    assert_eq!(due(&app.bill(&bill).await), (0, 0, BillStatus::Paid));
    assert_eq!(app.credit().await, 3_000);
    app.finish().await;
}

/// The canary: what is broken on purpose must be seen.
#[tokio::test]
async fn r48_books_that_disagree_with_disputes_or_with_refunds_that_came_back_are_named() {
    for (invariant, damage) in [
        (
            "L9",
            "update billing.disputes set under_way_minor = under_way_minor + 1",
        ),
        (
            "L9",
            "update billing.disputes set lost_minor = lost_minor + 1",
        ),
        (
            "L6",
            "update billing.posted_refunds set return_entry_id = entry_id",
        ),
        (
            "L6",
            "update billing.posted_refunds set return_time = null, return_entry_id = null",
        ),
    ] {
        let app = TestApp::start().await;
        let bill = app.issue(4_000, 0).await;
        let payment = app.payment(4_000, &[(&bill, 4_000)]);
        app.post(&payment).await;
        let refund = app.refund_request(&payment, 1_000);
        app.as_payments()
            .post_refund(refund.clone())
            .await
            .expect("booked");
        app.hear(&failed(&refund)).await;
        let dispute = facts(&app, &payment, DisputeState::NeedsResponse);
        app.hear(&opened(&dispute)).await;
        app.hear(&withdrawn(&app, &dispute)).await;
        assert_eq!(app.violations().await, []);
        sqlx::raw_sql(damage)
            .execute(app.db.owner_pool())
            .await
            .expect("damaged");
        let found = app.violations().await;
        assert!(
            found.iter().any(|it| it.invariant == invariant),
            "{damage}: {found:?}"
        );
    }
}
