use crate::app::{TODAY, TestApp, due, minor, usd};
use billing::work::{Payments, Practices};
use ids::{EventId, PracticeId, RefundId};
use jiff::Timestamp;
use pg::feed::{Event, Handler};
use prost::Message as _;
use prost_reflect::ReflectMessage;
use proto::billing::v1::{
    Allocation, BillStatus, PaidBy, PaymentKind, PaymentPosted, PostPaymentRequest,
};
use proto::payments::v1::{
    PayerFacts, PaymentCancelled, PaymentFacts, PaymentFailed, PaymentSucceeded, RefundSucceeded,
};
use proto::portal_auth::v1::{Practice, PracticeRegistered};

impl TestApp {
    pub fn event(
        &self,
        practice: PracticeId,
        sequence: i64,
        message: &impl ReflectMessage,
    ) -> Event {
        Event {
            practice,
            sequence,
            event_id: EventId::new(&self.clock),
            event_type: message.descriptor().full_name().to_owned(),
            payload: message.encode_to_vec().into(),
            occur_time: Timestamp::UNIX_EPOCH,
        }
    }

    pub async fn apply(&self, handler: &impl Handler, event: &Event) {
        let mut tx = pg::begin(&self.billing.db, event.practice)
            .await
            .expect("a transaction");
        handler.apply(&mut tx, event).await.expect("applied");
        tx.commit().await.expect("committed");
    }

    pub async fn count_events(&self, event_type: &str) -> i64 {
        sqlx::query_scalar(
            "select count(*) from billing.outbox where practice_id = $1 and event_type = $2",
        )
        .bind(self.practice.uuid())
        .bind(event_type)
        .fetch_one(self.db.owner_pool())
        .await
        .expect("counted")
    }
}

#[tokio::test]
async fn r18_a_payment_is_booked_once_by_the_call_and_the_feed_whichever_comes_first() {
    let app = TestApp::start().await;
    for call_first in [true, false] {
        let bill = app.issue(4_000, 0).await;
        let call = app.payment(5_000, &[(&bill, 4_000)]);
        let facts = PaymentFacts {
            payment_id: call.payment_id.clone(),
            client_id: call.client_id.clone(),
            kind: PaymentKind::Card.into(),
            label: String::new(),
            amount: Some(usd(5_000)),
            receive_time: None,
            receive_date: Some(TODAY),
            allocations: vec![Allocation {
                bill_id: bill.bill_id.clone(),
                amount: Some(usd(4_000)),
            }],
            method_text: call.method_text.clone(),
        };
        let told = app.event(
            app.practice,
            1,
            &PaymentSucceeded {
                payment: Some(facts),
                payer: None,
            },
        );
        let follower = Payments(app.billing.clone());
        if call_first {
            app.post(&call).await;
            app.apply(&follower, &told).await;
        } else {
            app.apply(&follower, &told).await;
            app.post(&call).await;
        }
        let refund = app.refund_request(&call, 1_500);
        let refunded = RefundSucceeded {
            refund_id: RefundId::new(&app.clock).to_string(),
            payment_id: refund.payment_id,
            client_id: call.client_id,
            amount: refund.amount,
            refund_date: refund.refund_date,
            ..RefundSucceeded::default()
        };
        let told = app.event(app.practice, 2, &refunded);
        app.apply(&follower, &told).await;
        app.apply(&follower, &told).await;
        assert_eq!(due(&app.bill(&bill).await), (500, 0, BillStatus::Open));
    }
    assert_eq!(
        app.count_events("evenkeel.billing.v1.PaymentPosted").await,
        2
    );
    assert_eq!(
        app.count_events("evenkeel.billing.v1.RefundPosted").await,
        2
    );
    app.finish().await;
}

#[tokio::test]
async fn r24_what_a_charge_held_that_came_to_nothing_is_free_when_the_feed_says_so() {
    let app = TestApp::start().await;
    let (one, two) = (app.issue(4_000, 0).await, app.issue(2_500, 0).await);
    let follower = Payments(app.billing.clone());
    for declined in [true, false] {
        let hold = app.hold_of(&[(&one, 4_000), (&two, 2_500)]);
        app.as_payments()
            .place_hold(hold.clone())
            .await
            .expect("held");
        let payment = Some(PaymentFacts {
            payment_id: hold.payment_id,
            ..PaymentFacts::default()
        });
        let failed = PaymentFailed {
            payment: payment.clone(),
            ..PaymentFailed::default()
        };
        let told = if declined {
            app.event(app.practice, 1, &failed)
        } else {
            app.event(app.practice, 2, &PaymentCancelled { payment })
        };
        for _ in 0..2 {
            app.apply(&follower, &told).await;
        }
        for bill in [&one, &two] {
            assert_eq!(minor(&app.bill(bill).await.held), 0, "declined: {declined}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn r01_a_practice_becomes_known_from_portal_auths_feed() {
    let app = TestApp::start().await;
    let practice = PracticeId::new(&app.clock);
    let registered = PracticeRegistered {
        practice: Some(Practice {
            practice_id: practice.to_string(),
            name: "Harbor Counseling".to_owned(),
            time_zone: "America/Chicago".to_owned(),
            currency_code: "USD".to_owned(),
            ..Practice::default()
        }),
    };
    for _ in 0..2 {
        app.apply(&Practices, &app.event(practice, 1, &registered))
            .await;
    }
    let known: Vec<(String, String)> =
        sqlx::query_as("select name, time_zone from billing.practices where practice_id = $1")
            .bind(practice.uuid())
            .fetch_all(app.db.owner_pool())
            .await
            .expect("read");
    assert_eq!(
        known,
        [("Harbor Counseling".to_owned(), "America/Chicago".to_owned())]
    );
    app.finish().await;
}

#[tokio::test]
async fn every_event_is_numbered_without_a_gap() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    app.post(&app.payment(4_000, &[(&bill, 4_000)])).await;
    let types: Vec<String> = sqlx::query_scalar(
        "select replace(event_type, 'evenkeel.billing.v1.', '') from billing.outbox where practice_id = $1 order by seq",
    )
    .bind(app.practice.uuid())
    .fetch_all(app.db.owner_pool())
    .await
    .expect("read");
    assert_eq!(
        types,
        [
            "BillIssued",
            "EntryPosted",
            "PaymentPosted",
            "BillBalanceChanged",
            "EntryPosted"
        ]
    );
    app.finish().await;
}

#[tokio::test]
async fn r43_the_payer_travels_with_the_payment_by_the_call_and_the_feed() {
    let app = TestApp::start().await;
    let contact = ids::ContactId::new(&app.clock).to_string();
    let mut expected = Vec::new();
    for (by_call, whose) in [
        (true, &*contact),
        (false, &*contact),
        (true, ""),
        (false, ""),
    ] {
        let payment = PostPaymentRequest {
            paid_by: Some(PaidBy {
                contact_id: whose.to_owned(),
            }),
            ..app.payment(1_000, &[])
        };
        let facts = PaymentFacts {
            payment_id: payment.payment_id.clone(),
            client_id: payment.client_id.clone(),
            kind: payment.kind,
            amount: payment.amount.clone(),
            receive_date: payment.receive_date,
            method_text: payment.method_text.clone(),
            ..PaymentFacts::default()
        };
        let told = PaymentSucceeded {
            payment: Some(facts),
            payer: Some(PayerFacts {
                contact_id: whose.to_owned(),
            }),
        };
        let told = app.event(app.practice, 1, &told);
        if by_call {
            app.post(&payment).await;
        }
        app.apply(&Payments(app.billing.clone()), &told).await;
        expected.push(payment.paid_by);
    }
    app.post(&app.payment(1_000, &[])).await;
    expected.push(None);
    let told: Vec<Vec<u8>> = sqlx::query_scalar(
        "select payload from billing.outbox where event_type = 'evenkeel.billing.v1.PaymentPosted' order by seq",
    )
    .fetch_all(app.db.owner_pool())
    .await
    .expect("read");
    let told: Vec<_> = told
        .iter()
        .map(|told| PaymentPosted::decode(&**told).expect("an event").paid_by)
        .collect();
    assert_eq!(told, expected);
    app.finish().await;
}
