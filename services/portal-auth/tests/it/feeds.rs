use crate::app::{SharedBill, TestApp, issue_request, reason, registration};
use ids::{EventId, PracticeId};
use pg::feed::{Feed, Follow, follow};
use pg::{Announcement, Outbox, PgConfig, Pool};
use portal_auth::SCHEMA;
use portal_auth::work::Bills;
use prost::Message as _;
use prost_reflect::ReflectMessage;
use proto::billing::v1::{BillBalanceChanged, BillCancelled, BillFacts, BillStatus};
use proto::feed::v1::{ListEventsRequest, SubscribeRequest};
use proto::money::v1::Money;
use proto::portal_auth::v1::{PracticeRegistered, RevealAccessCodeRequest};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr as _};
use std::time::Duration;
use testkit::eventually;
use tokio::task::JoinHandle;
use tonic::Code;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn r49_a_registration_is_announced_once() {
    let app = TestApp::start().await;
    let request = registration();
    let practice = app.register(request.clone()).await.expect("registered");
    app.register(request).await.expect("replayed");
    let list = ListEventsRequest {
        practice_id: practice.practice_id.clone(),
        after_sequence: 0,
        page_size: 50,
    };
    let listed = app
        .feed("reporting")
        .list_events(list.clone())
        .await
        .expect("listed")
        .into_inner();
    assert_eq!((listed.events.len(), listed.head_sequence), (1, 1));
    let event = &listed.events[0];
    assert_eq!(
        event.event_type,
        "evenkeel.portal_auth.v1.PracticeRegistered"
    );
    let registered = PracticeRegistered::decode(&*event.payload).expect("the message");
    assert_eq!(registered.practice.as_ref(), Some(&practice));

    let subscribe = SubscribeRequest {
        bucket_count: 1,
        bucket: 0,
        after: Vec::new(),
    };
    let mut stream = app
        .feed("billing")
        .subscribe(subscribe)
        .await
        .expect("a stream")
        .into_inner();
    let streamed = loop {
        let answer = stream.message().await.expect("no error").expect("no end");
        if let Some(event) = answer.event {
            break event;
        }
    };
    assert_eq!(&streamed, event);
    let practice: PracticeId = practice.practice_id.parse().expect("a practice's id");
    let owner = app.in_role(rpc::Role::Owner, practice);
    let mut owner = proto::feed::v1::event_feed_service_client::EventFeedServiceClient::new(owner);
    let refused = owner
        .list_events(list)
        .await
        .expect_err("feeds are between services");
    assert_eq!(refused.code(), Code::PermissionDenied);
    drop(stream);
    app.finish().await;
}

/// billing's outbox in the same database, and portal-auth following its feed.
struct Billing {
    db: Pool,
    follower: JoinHandle<()>,
}

impl Billing {
    async fn start(app: &TestApp) -> Self {
        let plumbing = Migration::new(
            1,
            "plumbing".into(),
            MigrationType::Simple,
            AssertSqlSafe(pg::plumbing("billing")).into_sql_str(),
            false,
        );
        let migrator = Migrator::with_migrations(vec![plumbing]);
        pg::migrate(app.db.url(), "billing", &migrator, None)
            .await
            .expect("a second schema");
        let config = PgConfig::new(app.db.url()).with_connections(4);
        let db = pg::connect(&config, "billing").await.expect("connections");
        let feed = Feed::start(db.clone(), "billing", app.stop());
        let follower = tokio::spawn(follow(
            Follow::new(SCHEMA, "billing", app.clock.clone()),
            app.portal.db.clone(),
            feed,
            Bills(app.portal.clone()),
            app.stop(),
        ));
        Self { db, follower }
    }

    async fn announce(&self, app: &TestApp, practice: PracticeId, event: &impl ReflectMessage) {
        let announcement = Announcement::of(EventId::new(&app.clock), event);
        let mut tx = pg::begin(&self.db, practice).await.expect("begun");
        let outbox = Outbox::new("billing");
        outbox
            .append(&mut tx, practice, app.clock.now(), &[announcement])
            .await
            .expect("appended");
        tx.commit().await.expect("committed");
    }

    async fn finish(self, app: TestApp) {
        app.stop().cancel();
        self.follower.await.expect("the follower ends");
        app.finish().await;
    }
}

fn facts(shared: &SharedBill, status: BillStatus, due: i64) -> Option<BillFacts> {
    let money = |minor_units| {
        Some(Money {
            currency_code: "USD".to_owned(),
            minor_units,
        })
    };
    Some(BillFacts {
        bill_id: shared.bill.to_string(),
        reference: shared.reference.clone(),
        status: status.into(),
        total: money(4_000),
        client_balance: money(due),
        insurance_balance: money(0),
        ..BillFacts::default()
    })
}

/// How far portal-auth has followed the practice.
async fn applied(app: &TestApp, practice: PracticeId, sequence: i64) {
    eventually(SOON, "the event is applied", || async {
        let applied: Option<i64> = sqlx::query_scalar(
            "select applied from portal_auth.cursors where source = 'billing' and practice_id = $1",
        )
        .bind(practice.uuid())
        .fetch_optional(app.db.owner_pool())
        .await
        .expect("cursors");
        (applied == Some(sequence)).then_some(())
    })
    .await;
}

async fn assert_retired(app: &TestApp, shared: &SharedBill) {
    let guess = app.guess(&shared.reference, &shared.code.access_code).await;
    assert_eq!(reason(guess), "SIGN_IN_REFUSED");
    let request = RevealAccessCodeRequest {
        practice_id: shared.practice.to_string(),
        bill_id: shared.bill.to_string(),
    };
    let revealed = app
        .access_codes("billing")
        .reveal_access_code(request)
        .await;
    assert_eq!(reason(revealed), "ACCESS_CODE_NOT_FOUND");
}

#[tokio::test]
async fn r16_the_code_of_a_paid_or_cancelled_bill_opens_nothing_more() {
    let app = TestApp::start().await;
    let billing = Billing::start(&app).await;
    let paid = app.share().await;
    let cancelled = app.share_at(paid.practice).await;

    let change = |due, status| BillBalanceChanged {
        bill: facts(&paid, status, due),
        entry_id: String::new(),
    };
    billing
        .announce(&app, paid.practice, &change(1_500, BillStatus::Open))
        .await;
    applied(&app, paid.practice, 1).await;
    app.guess(&paid.reference, &paid.code.access_code)
        .await
        .expect("something is still due");

    billing
        .announce(&app, paid.practice, &change(0, BillStatus::Paid))
        .await;
    let cancel = BillCancelled {
        bill: facts(&cancelled, BillStatus::Cancelled, 0),
    };
    billing.announce(&app, paid.practice, &cancel).await;
    applied(&app, paid.practice, 3).await;
    assert_retired(&app, &paid).await;
    assert_retired(&app, &cancelled).await;
    billing.finish(app).await;
}

#[tokio::test]
async fn r16_a_bill_that_is_open_again_gets_another_code() {
    let app = TestApp::start().await;
    let billing = Billing::start(&app).await;
    let shared = app.share().await;
    let paid = BillBalanceChanged {
        bill: facts(&shared, BillStatus::Paid, 0),
        entry_id: String::new(),
    };
    billing.announce(&app, shared.practice, &paid).await;
    applied(&app, shared.practice, 1).await;
    assert_retired(&app, &shared).await;

    let request = issue_request(shared.practice, shared.bill, &shared.reference);
    let next = app
        .access_codes("billing")
        .issue_access_code(request)
        .await
        .expect("a code")
        .into_inner();
    assert_ne!(next.access_code, shared.code.access_code);
    app.guess(&shared.reference, &next.access_code)
        .await
        .expect("the new one opens");
    let old = app.guess(&shared.reference, &shared.code.access_code).await;
    assert_eq!(reason(old), "SIGN_IN_REFUSED");
    billing.finish(app).await;
}
