//! R30: payouts in the books, and for whom their money was.

use crate::app::{TODAY, TestApp, minor, usd};
use ids::{DisputeId, DisputeMovementId, PayoutId, PayoutItemId};
use proto::billing::v1::payout_service_client::PayoutServiceClient;
use proto::billing::v1::{
    AccountKind, Bill, IssueBillRequest, ListPayoutLinesRequest, ListPayoutLinesResponse,
    PayoutLine, PayoutLineKind, PostPaymentRequest, SessionToBill,
};
use proto::payments::v1::*;
use testkit::request_id;
use tonic::{Code, Status};

/// What of a payout is told, in order.
type Told<'a> = &'a [(PayoutItemKind, i64, i64, About<'a>)];

#[derive(Clone, Copy)]
enum About<'a> {
    Payment(&'a PostPaymentRequest),
    Refund(&'a PostPaymentRequest, &'a str),
    Movement(&'a PostPaymentRequest, &'a str),
    Nothing,
}

fn item(app: &TestApp, at: usize, told: (PayoutItemKind, i64, i64, About<'_>)) -> PayoutItemFacts {
    let (kind, gross, fee, about) = told;
    let mut item = PayoutItemFacts {
        payout_item_id: PayoutItemId::new(&app.clock).to_string(),
        position: i32::try_from(at).expect("small") + 1,
        kind: kind.into(),
        gross: Some(usd(gross)),
        fee: Some(usd(fee)),
        ..PayoutItemFacts::default()
    };
    tell_about(&mut item, about);
    item
}

fn tell_about(item: &mut PayoutItemFacts, about: About<'_>) {
    let payment = match about {
        About::Payment(payment) => Some(payment),
        About::Refund(payment, refund) => {
            item.refund_id = refund.to_owned();
            Some(payment)
        }
        About::Movement(payment, movement) => {
            item.dispute_movement_id = movement.to_owned();
            Some(payment)
        }
        About::Nothing => None,
    };
    if let Some(payment) = payment {
        item.payment_id = payment.payment_id.clone();
        item.client_id = payment.client_id.clone();
    }
}

fn payout(app: &TestApp, told: Told<'_>) -> PayoutPaid {
    let gross: i64 = told.iter().map(|(_, gross, ..)| gross).sum();
    let fees: i64 = told.iter().map(|(_, _, fee, _)| fee).sum();
    let items = told.iter().enumerate();
    PayoutPaid {
        payout: Some(PayoutFacts {
            payout_id: PayoutId::new(&app.clock).to_string(),
            arrival_date: Some(TODAY),
            gross: Some(usd(gross)),
            fees: Some(usd(fees)),
            net: Some(usd(gross - fees)),
            item_count: i32::try_from(told.len()).expect("small"),
        }),
        items: items.map(|(at, told)| item(app, at, *told)).collect(),
        part: 1,
        part_count: 1,
    }
}

/// The same again: what failed is paid out by another payout under other ids.
fn again(app: &TestApp, paid: &PayoutPaid) -> PayoutPaid {
    let mut next = paid.clone();
    let facts = next.payout.as_mut().expect("facts");
    facts.payout_id = PayoutId::new(&app.clock).to_string();
    for item in &mut next.items {
        item.payout_item_id = PayoutItemId::new(&app.clock).to_string();
    }
    next
}

fn failed(paid: &PayoutPaid) -> PayoutFailed {
    PayoutFailed {
        payout: paid.payout.clone(),
        fail_date: Some(TODAY),
        failure_text: "The bank account is closed.".to_owned(),
        cancelled: false,
    }
}

/// What of a payout is known later.
fn matched(paid: &PayoutPaid, known: &[(usize, PayoutItemKind, About<'_>)]) -> PayoutItemsMatched {
    let items = known.iter().map(|(at, kind, about)| {
        let mut item = paid.items[*at].clone();
        item.set_kind(*kind);
        tell_about(&mut item, *about);
        item
    });
    PayoutItemsMatched {
        payout: paid.payout.clone(),
        items: items.collect(),
        match_date: Some(TODAY),
    }
}

impl TestApp {
    /// Clearing, bank, fees and what is unmatched.
    async fn money(&self) -> [i64; 4] {
        [
            self.account(AccountKind::ProcessorClearing).await,
            self.account(AccountKind::Bank).await,
            self.account(AccountKind::ProcessorFees).await,
            self.account(AccountKind::UnmatchedPayouts).await,
        ]
    }

    async fn paid_bill(&self, amount: i64) -> (Bill, PostPaymentRequest) {
        let bill = self.issue(amount, 0).await;
        let payment = self.payment(amount, &[(&bill, amount)]);
        self.post(&payment).await;
        (bill, payment)
    }

    async fn lines_of(
        &self,
        request: ListPayoutLinesRequest,
    ) -> Result<ListPayoutLinesResponse, Status> {
        let mut client = PayoutServiceClient::new(self.owner_of(self.practice));
        let request = ListPayoutLinesRequest {
            practice_id: self.practice.to_string(),
            ..request
        };
        Ok(client.list_payout_lines(request).await?.into_inner())
    }

    async fn lines(&self) -> Vec<PayoutLine> {
        let listed = self.lines_of(ListPayoutLinesRequest::default()).await;
        listed.expect("listed").lines
    }

    /// Opens a dispute whose money is withdrawn; answers the movement.
    async fn dispute(&self, payment: &PostPaymentRequest, amount: i64, fee: i64) -> String {
        let dispute = Some(DisputeFacts {
            dispute_id: DisputeId::new(&self.clock).to_string(),
            payment_id: payment.payment_id.clone(),
            client_id: payment.client_id.clone(),
            amount: Some(usd(amount)),
            state: DisputeState::NeedsResponse.into(),
            ..DisputeFacts::default()
        });
        let opened = DisputeOpened {
            dispute: dispute.clone(),
            open_date: Some(TODAY),
        };
        self.hear(&opened).await;
        let movement_id = DisputeMovementId::new(&self.clock).to_string();
        let withdrawn = DisputeFundsWithdrawn {
            dispute,
            movement_id: movement_id.clone(),
            amount: Some(usd(amount)),
            fee: Some(usd(fee)),
            move_date: Some(TODAY),
        };
        self.hear(&withdrawn).await;
        movement_id
    }

    async fn sql(&self, statement: &'static str) {
        let done = sqlx::query(statement).execute(self.db.owner_pool()).await;
        assert!(done.expect("done").rows_affected() > 0, "{statement}");
    }
}

#[tokio::test]
async fn r30_a_payout_of_200_with_fees_of_6_10_is_in_the_bank_and_clearing_is_empty() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    assert_eq!(app.money().await, [20_000, 0, 0, 0]);
    let told = [(
        PayoutItemKind::Charge,
        20_000,
        610,
        About::Payment(&payment),
    )];
    app.hear(&payout(&app, &told)).await;
    assert_eq!(app.money().await, [0, 19_390, 610, 0]);
    app.finish().await;
}

#[tokio::test]
async fn r30_refunds_and_disputes_leave_clearing_and_no_fee_is_booked_twice() {
    let app = TestApp::start().await;
    let (_, refunded) = app.paid_bill(20_000).await;
    let (_, disputed) = app.paid_bill(4_000).await;
    let refund = app.refund_request(&refunded, 1_000);
    app.as_payments()
        .post_refund(refund.clone())
        .await
        .expect("booked");
    let movement = app.dispute(&disputed, 4_000, 1_500).await;
    assert_eq!(app.money().await, [17_500, 0, 1_500, 0]);
    let told = [
        (
            PayoutItemKind::Charge,
            20_000,
            610,
            About::Payment(&refunded),
        ),
        (
            PayoutItemKind::Charge,
            4_000,
            146,
            About::Payment(&disputed),
        ),
        (
            PayoutItemKind::Dispute,
            -4_000,
            1_500,
            About::Movement(&disputed, &movement),
        ),
        (
            PayoutItemKind::Refund,
            -1_000,
            0,
            About::Refund(&refunded, &refund.refund_id),
        ),
        (PayoutItemKind::ProcessorFee, -200, 0, About::Nothing),
        (PayoutItemKind::Other, 5_000, 175, About::Nothing),
    ];
    let paid = payout(&app, &told);
    app.hear(&paid).await;
    let net = 20_000 - 610 + 4_000 - 146 - 5_500 - 1_000 - 200 + 5_000 - 175;
    let fees = 610 + 146 + 1_500 + 200 + 175;
    assert_eq!(app.money().await, [0, net, fees, -5_000]);
    app.finish().await;
}

#[tokio::test]
async fn r30_a_payout_that_fails_is_reversed_once_and_paid_out_with_another() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    let told = [(
        PayoutItemKind::Charge,
        20_000,
        610,
        About::Payment(&payment),
    )];
    let paid = payout(&app, &told);
    app.hear(&failed(&paid)).await;
    assert_eq!(app.money().await, [20_000, 0, 0, 0], "it was never booked");
    app.hear(&paid).await;
    app.hear(&failed(&paid)).await;
    assert_eq!(app.money().await, [20_000, 0, 0, 0]);
    assert_eq!(app.lines().await, []);
    app.hear(&again(&app, &paid)).await;
    assert_eq!(app.money().await, [0, 19_390, 610, 0]);
    app.finish().await;
}

#[tokio::test]
async fn r30_a_payout_that_is_told_in_parts_is_booked_once() {
    let app = TestApp::start().await;
    let (_, first) = app.paid_bill(2_000).await;
    let (_, second) = app.paid_bill(3_000).await;
    let told = [
        (PayoutItemKind::Charge, 2_000, 88, About::Payment(&first)),
        (PayoutItemKind::Charge, 3_000, 117, About::Payment(&second)),
    ];
    let whole = payout(&app, &told);
    for part in 0..2 {
        let items = vec![whole.items[part].clone()];
        app.hear(&PayoutPaid {
            items,
            ..whole.clone()
        })
        .await;
    }
    assert_eq!(app.money().await, [0, 4_795, 205, 0]);
    app.hear(&failed(&whole)).await;
    assert_eq!(app.money().await, [5_000, 0, 0, 0]);
    app.finish().await;
}

#[tokio::test]
async fn r30_a_refund_may_be_paid_out_before_it_is_booked_or_come_to_nothing() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    let refund = app.refund_request(&payment, 1_000);
    let told = [
        (
            PayoutItemKind::Charge,
            20_000,
            610,
            About::Payment(&payment),
        ),
        (
            PayoutItemKind::Refund,
            -1_000,
            0,
            About::Refund(&payment, &refund.refund_id),
        ),
    ];
    app.hear(&payout(&app, &told)).await;
    assert_eq!(app.account(AccountKind::ProcessorClearing).await, 1_000);
    assert_eq!(app.violations().await, []);
    // The bank does not take it, and it was never booked.
    let told = [(
        PayoutItemKind::RefundReturned,
        1_000,
        0,
        About::Refund(&payment, &refund.refund_id),
    )];
    app.hear(&payout(&app, &told)).await;
    assert_eq!(app.money().await, [0, 19_390, 610, 0]);
    app.finish().await;
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one payout from its arrival to its failure and the next"
)]
async fn r30_what_is_known_after_it_was_paid_out_is_unmatched_no_longer() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    let (_, disputed) = app.paid_bill(4_000).await;
    let told = [
        (
            PayoutItemKind::Charge,
            20_000,
            610,
            About::Payment(&payment),
        ),
        (
            PayoutItemKind::Charge,
            4_000,
            146,
            About::Payment(&disputed),
        ),
        (PayoutItemKind::Other, -1_000, 0, About::Nothing),
        (PayoutItemKind::Other, -4_000, 1_500, About::Nothing),
        (PayoutItemKind::Other, 5_000, 175, About::Nothing),
    ];
    let paid = payout(&app, &told);
    app.hear(&paid).await;
    let net = 20_000 - 610 + 4_000 - 146 - 1_000 - 5_500 + 5_000 - 175;
    let fees = 610 + 146 + 1_500 + 175;
    assert_eq!(app.money().await, [0, net, fees, 1_000 + 4_000 - 5_000]);

    // The refund and the dispute become known, and which items they are.
    let refund = app.refund_request(&payment, 1_000);
    app.as_payments()
        .post_refund(refund.clone())
        .await
        .expect("booked");
    let movement = app.dispute(&disputed, 4_000, 1_500).await;
    let off = app.account(AccountKind::ProcessorClearing).await;
    assert_eq!(
        off,
        -1_000 - 5_500,
        "what was paid out of them is not known"
    );
    let known = matched(
        &paid,
        &[
            (
                2,
                PayoutItemKind::Refund,
                About::Refund(&payment, &refund.refund_id),
            ),
            (
                3,
                PayoutItemKind::Dispute,
                About::Movement(&disputed, &movement),
            ),
        ],
    );
    for _ in 0..2 {
        app.hear(&known).await;
        assert_eq!(app.money().await, [0, net, fees, -5_000]);
    }
    let kinds: Vec<_> = app.lines().await.iter().map(PayoutLine::kind).collect();
    assert_eq!(
        kinds
            .iter()
            .filter(|it| **it == PayoutLineKind::Other)
            .count(),
        1
    );
    assert_eq!(app.violations().await, []);

    // What failed is reversed as it stands, and paid out with another as it is known now.
    app.hear(&failed(&paid)).await;
    assert_eq!(app.money().await, [17_500 + 1_000 - 1_000, 0, 1_500, 0]);
    app.hear(&known).await;
    assert_eq!(
        app.money().await,
        [17_500, 0, 1_500, 0],
        "again is nothing new"
    );
    let mut next = again(&app, &paid);
    for (item, known) in [2, 3].into_iter().zip(&known.items) {
        let (id, position) = (
            next.items[item].payout_item_id.clone(),
            next.items[item].position,
        );
        next.items[item] = PayoutItemFacts {
            payout_item_id: id,
            position,
            ..known.clone()
        };
    }
    app.hear(&next).await;
    assert_eq!(app.money().await, [0, net, fees, -5_000]);
    app.finish().await;
}

#[tokio::test]
async fn r30_what_is_known_of_a_payout_that_failed_changes_no_books() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    let told = [
        (
            PayoutItemKind::Charge,
            20_000,
            610,
            About::Payment(&payment),
        ),
        (PayoutItemKind::Other, -1_000, 0, About::Nothing),
    ];
    let paid = payout(&app, &told);
    let refund = app.refund_request(&payment, 1_000);
    let about = About::Refund(&payment, &refund.refund_id);
    let known = matched(&paid, &[(1, PayoutItemKind::Refund, about)]);
    app.hear(&known).await;
    assert_eq!(app.money().await, [20_000, 0, 0, 0], "it never arrived");
    app.hear(&paid).await;
    app.hear(&failed(&paid)).await;
    app.as_payments()
        .post_refund(refund.clone())
        .await
        .expect("booked");
    app.hear(&known).await;
    assert_eq!(app.money().await, [19_000, 0, 0, 0]);
    app.finish().await;
}

#[tokio::test]
async fn r48_what_is_left_in_clearing_of_what_was_paid_out_is_named() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    // The processor says one cent less than was booked.
    let told = [(
        PayoutItemKind::Charge,
        19_999,
        610,
        About::Payment(&payment),
    )];
    let paid = payout(&app, &told);
    app.hear(&paid).await;
    let found = app.violations().await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].invariant, "L10");
    assert!(found[0].explanation.contains(": 1 is left"), "{found:?}");
    // More goes out than came.
    app.hear(&again(&app, &paid)).await;
    assert!(
        app.violations().await[0]
            .explanation
            .contains("-19998 is left")
    );
    app.hear(&failed(&paid)).await;
    app.sql(
        "update billing.payout_items set fee_minor = fee_minor + 1 where reverse_entry_id is null",
    )
    .await;
    let named: Vec<_> = app
        .violations()
        .await
        .into_iter()
        .map(|found| found.invariant)
        .collect();
    assert_eq!(named, ["L10", "L11"]);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one payout, every share of it")]
async fn r30_a_payouts_money_is_shared_out_to_bills_and_clinicians_to_the_cent() {
    let app = TestApp::start().await;
    let mut sessions = Vec::new();
    let mut clinicians = Vec::new();
    for _ in 0..2 {
        let session = app.record(app.session_request().await).await;
        clinicians.push(session.clinician_id.clone());
        sessions.push(SessionToBill {
            session_id: session.session_id,
            ..SessionToBill::default()
        });
    }
    let request = IssueBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: app.client.to_string(),
        sessions,
        ..IssueBillRequest::default()
    };
    let issued = app.bills().issue_bill(request).await.expect("issued");
    let bill = issued.into_inner().bill.expect("a bill");
    // All of the bill, and 10.01 ahead.
    let payment = app.payment(31_001, &[(&bill, 30_000)]);
    app.post(&payment).await;
    let refund = app.refund_request(&payment, 2_001);
    app.as_payments()
        .post_refund(refund.clone())
        .await
        .expect("booked");
    let told = [
        (
            PayoutItemKind::Charge,
            31_001,
            929,
            About::Payment(&payment),
        ),
        (
            PayoutItemKind::Refund,
            -2_001,
            0,
            About::Refund(&payment, &refund.refund_id),
        ),
        (PayoutItemKind::ProcessorFee, -200, 0, About::Nothing),
    ];
    let paid = payout(&app, &told);
    app.hear(&paid).await;
    let lines = app.lines().await;
    let shown: Vec<_> = lines
        .iter()
        .map(|it| {
            let of = (it.kind(), it.bill_number, it.clinician_id.as_str());
            (of, minor(&it.gross), minor(&it.fee), minor(&it.net))
        })
        .collect();
    let (one, two) = (clinicians[0].as_str(), clinicians[1].as_str());
    let billed = |clinician| (PayoutLineKind::Bill, bill.number, clinician);
    let ahead = (PayoutLineKind::Credit, 0, "");
    assert_eq!(
        shown,
        [
            (billed(one), 15_000, 450, 14_550),
            (billed(two), 15_000, 449, 14_551),
            (ahead, 1_001, 30, 971),
            // What was paid ahead went back first, then the bill opened.
            (ahead, -1_001, 0, -1_001),
            (billed(one), -500, 0, -500),
            (billed(two), -500, 0, -500),
            ((PayoutLineKind::ProcessorFee, 0, ""), -200, 0, -200),
        ]
    );
    assert!(lines[0].clinician_name.contains("Rivera"));
    assert_eq!(lines[0].client_id, app.client.to_string());

    // A page has the lines of so many items.
    let request = |page_size, page_token| ListPayoutLinesRequest {
        page_size,
        page_token,
        payout_id: paid.payout.as_ref().expect("facts").payout_id.clone(),
        ..ListPayoutLinesRequest::default()
    };
    let first = app
        .lines_of(request(1, String::new()))
        .await
        .expect("a page");
    assert_eq!(first.lines.len(), 3);
    let second = app
        .lines_of(request(2, first.next_page_token))
        .await
        .expect("a page");
    assert_eq!(
        (second.lines.len(), second.next_page_token.as_str()),
        (4, "")
    );
    assert_eq!([first.lines, second.lines].concat(), lines);
    app.finish().await;
}

#[tokio::test]
async fn r41_another_practices_payouts_are_not_there() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    let told = [(
        PayoutItemKind::Charge,
        20_000,
        610,
        About::Payment(&payment),
    )];
    app.hear(&payout(&app, &told)).await;
    let other = ids::PracticeId::new(&app.clock);
    app.register(other).await;
    let mut stranger = PayoutServiceClient::new(app.owner_of(other));
    let own = ListPayoutLinesRequest {
        practice_id: other.to_string(),
        ..ListPayoutLinesRequest::default()
    };
    let listed = stranger.list_payout_lines(own).await.expect("listed");
    assert_eq!(listed.into_inner().lines, []);
    let foreign = ListPayoutLinesRequest {
        practice_id: app.practice.to_string(),
        ..ListPayoutLinesRequest::default()
    };
    let refused = stranger.list_payout_lines(foreign).await;
    assert_eq!(refused.expect_err("not theirs").code(), Code::NotFound);
    app.finish().await;
}
