//! Events that come together are applied together.

use crate::app::{TODAY, TestApp, usd};
use ids::{AdjustmentId, EventId, PaymentId, ShareId};
use notifications::work::Bills;
use pg::Announcement;
use pg::feed::{Event, Handler as _};
use proto::billing::v1::{
    AdjustmentKind, BillAdjusted, BillFacts, BillShared, PaymentKind, PaymentPosted,
};

impl TestApp {
    fn event(&self, sequence: i64, message: &impl prost_reflect::ReflectMessage) -> Event {
        let announced = Announcement::of(EventId::new(&self.clock), message);
        Event {
            practice: self.practice,
            sequence,
            event_id: announced.event_id,
            event_type: announced.event_type,
            payload: announced.payload.into(),
            occur_time: self.clock.now(),
        }
    }

    /// Kind, and whether it has a place in the queue, of every mail.
    async fn queued(&self) -> Vec<(String, bool)> {
        sqlx::query_as(
            "select kind, exists (
                select from notifications.message_queue as queue
                where queue.message_id = messages.message_id and queue.fence = 0
            )
            from notifications.messages
            order by kind",
        )
        .fetch_all(self.db.owner_pool())
        .await
        .expect("mails")
    }
}

#[tokio::test]
async fn r43_events_that_come_together_ask_for_the_mails_they_ask_for_one_by_one() {
    let app = TestApp::start_without_worker().await;
    let facts = BillFacts {
        bill_id: app.bill.to_string(),
        client_id: app.client.to_string(),
        client_balance: Some(usd(4_000)),
        ..BillFacts::default()
    };
    let shared = BillShared {
        bill: Some(facts.clone()),
        share_id: ShareId::new(&app.clock).to_string(),
        ..BillShared::default()
    };
    let adjusted = BillAdjusted {
        bill: Some(facts),
        adjustment_id: AdjustmentId::new(&app.clock).to_string(),
        kind: AdjustmentKind::Discount.into(),
        amount: Some(usd(500)),
        ..BillAdjusted::default()
    };
    let posted = |kind: PaymentKind| PaymentPosted {
        payment_id: PaymentId::new(&app.clock).to_string(),
        client_id: app.client.to_string(),
        kind: kind.into(),
        amount: Some(usd(100)),
        receive_date: Some(TODAY),
        credited: Some(usd(100)),
        ..PaymentPosted::default()
    };
    let events = [
        // Not of a bill that was not shared yet.
        app.event(1, &adjusted),
        app.event(2, &posted(PaymentKind::Cash)),
        app.event(3, &shared),
        app.event(4, &shared),
        app.event(5, &adjusted),
        app.event(6, &posted(PaymentKind::Check)),
    ];
    for _again in 0..2 {
        let mut tx = pg::begin(&app.notifications.db, app.practice)
            .await
            .expect("begun");
        let applied = Bills(app.clock.clone()).apply_all(&mut tx, &events).await;
        applied.expect("applied");
        tx.commit().await.expect("committed");
    }
    // Applied again, the first change is of a bill that was shared by now: it joins the mail that waits.
    let mails = ["adjustment", "bill", "receipt", "receipt"];
    assert_eq!(
        app.queued().await,
        mails.map(|kind| (kind.to_owned(), true))
    );
}
