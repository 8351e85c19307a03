//! R15: bills reach their billing contacts by themselves, when it was said, and once.

use crate::app::{TestApp, reason};
use crate::terms::automatic;
use billing::work::{automate_due, share_due};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use prost::Message as _;
use proto::billing::v1::share_service_client::ShareServiceClient;
use proto::billing::v1::{
    AddContactRequest, Automation, Bill, BillShared, Contact, ListSharesRequest,
    ListSharesResponse, ScheduleShareRequest, SetSharePolicyRequest, ShareBillRequest, ShareBlock,
    ShareContent, SharePolicy, StopShareRequest,
};
use rpc::Connection;
use std::collections::HashSet;
use testkit::{eventually, request_id};
use tonic::Status;

impl TestApp {
    pub fn shares(&self) -> ShareServiceClient<Connection> {
        ShareServiceClient::new(self.owner_of(self.practice))
    }

    pub fn share_policy_request(&self, policy: SharePolicy) -> SetSharePolicyRequest {
        SetSharePolicyRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            policy: Some(policy),
        }
    }

    pub async fn share_by_itself(&self, delay_minutes: i32) {
        let policy = SharePolicy {
            automatic: true,
            delay_minutes,
            ..SharePolicy::default()
        };
        let set = self
            .shares()
            .set_share_policy(self.share_policy_request(policy))
            .await;
        set.expect("set");
    }

    pub async fn share_now(&self, bill: &Bill, content: ShareContent) -> Result<Bill, Status> {
        let request = ShareBillRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.bill_id.clone(),
            content: content.into(),
            ..ShareBillRequest::default()
        };
        let shared = self.bills().share_bill(request).await?;
        Ok(shared.into_inner().bill.expect("a bill"))
    }

    pub async fn schedule(&self, bill: &Bill, time: Timestamp) -> Result<Bill, Status> {
        let request = ScheduleShareRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.bill_id.clone(),
            scheduled_time: Some(rpc::wire::time(time)),
            content: ShareContent::Unspecified.into(),
        };
        let scheduled = self.shares().schedule_share(request).await?;
        Ok(scheduled.into_inner().bill.expect("a bill"))
    }

    pub async fn stop_share(&self, bill: &Bill) -> Result<Bill, Status> {
        let request = StopShareRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.bill_id.clone(),
        };
        let stopped = self.shares().stop_share(request).await?;
        Ok(stopped.into_inner().bill.expect("a bill"))
    }

    pub async fn shares_of(&self, bill: &Bill) -> ListSharesResponse {
        let request = ListSharesRequest {
            practice_id: self.practice.to_string(),
            bill_id: bill.bill_id.clone(),
            ..ListSharesRequest::default()
        };
        let listed = self.shares().list_shares(request).await;
        listed.expect("listed").into_inner()
    }

    /// What a worker does until nothing is due.
    pub async fn work(&self) {
        while share_due(&self.billing).await.expect("claimed") > 0 {}
    }

    /// All that was announced to be sent, of any practice, oldest first.
    pub async fn told(&self) -> Vec<BillShared> {
        let payloads: Vec<Vec<u8>> = sqlx::query_scalar(
            "select payload from billing.outbox
            where event_type = 'evenkeel.billing.v1.BillShared' order by practice_id, seq",
        )
        .fetch_all(self.db.owner_pool())
        .await
        .expect("events");
        let read = |payload: Vec<u8>| BillShared::decode(payload.as_slice()).expect("an event");
        payloads.into_iter().map(read).collect()
    }

    /// Who gets the client's bills from now on, with an address.
    async fn add_billing_contact(&self) {
        let contact = AddContactRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: self.client.to_string(),
            contact: Some(Contact {
                given_name: "Byron".to_owned(),
                family_name: "Lovelace".to_owned(),
                email: "byron@example.org".to_owned(),
                billing_contact: true,
                ..Contact::default()
            }),
        };
        self.people().add_contact(contact).await.expect("added");
    }

    /// A bill whose time has come, of a client without an address.
    async fn unreachable_bill(&self) -> Bill {
        for table in ["clients", "contacts"] {
            sqlx::query(sqlx::AssertSqlSafe(format!(
                "update billing.{table} set email = ''"
            )))
            .execute(self.db.owner_pool())
            .await
            .expect("no address");
        }
        let bill = self.issue(4_000, 0).await;
        // The schedule does not say yet that there is no address: it has changed since.
        sqlx::query("update billing.share_schedules set block = null")
            .execute(self.db.owner_pool())
            .await
            .expect("no block");
        self.clock.advance(SignedDuration::from_mins(60));
        bill
    }

    /// Waits until so many others wait for a lock, or have ended.
    pub async fn until_waiting(&self, count: i64) {
        let waiting = async || {
            let waiting: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'",
            )
            .fetch_one(self.db.owner_pool())
            .await
            .expect("a count");
            (waiting >= count).then_some(())
        };
        eventually(std::time::Duration::from_secs(20), "they wait", waiting).await;
    }

    pub fn in_minutes(&self, minutes: i64) -> Timestamp {
        self.clock.now() + SignedDuration::from_mins(minutes)
    }
}

pub fn time(at: Timestamp) -> Option<prost_types::Timestamp> {
    Some(rpc::wire::time(at))
}

#[tokio::test]
async fn r15_a_bill_is_shared_by_itself_after_the_delay_and_says_so_before() {
    let app = TestApp::start().await;
    let before = app.issue(1_000, 0).await;
    assert_eq!(before.scheduled_share_time, None);
    app.share_by_itself(90).await;
    let bill = app.issue(4_000, 0).await;
    let due = app.in_minutes(90);
    assert_eq!(bill.scheduled_share_time, time(due));
    assert_eq!(
        app.bill(&bill).await,
        bill,
        "what is answered is what is read"
    );
    let [ahead] = &app.shares_of(&bill).await.scheduled[..] else {
        panic!("one is scheduled")
    };
    assert_eq!(
        (ahead.scheduled_time, ahead.automatic, ahead.block()),
        (time(due), true, ShareBlock::Unspecified)
    );

    app.clock.advance(SignedDuration::from_mins(89));
    app.work().await;
    assert_eq!(app.told().await, []);
    app.clock.advance(SignedDuration::from_mins(1));
    app.work().await;
    let shared = app.bill(&bill).await;
    assert_eq!(
        (shared.share_time, shared.scheduled_share_time),
        (time(due), None)
    );
    let listed = app.shares_of(&bill).await;
    assert_eq!(listed.scheduled, []);
    let [share] = &listed.shares[..] else {
        panic!("it was shared once")
    };
    assert_eq!(
        (share.automatic, share.shared_by.as_str(), share.share_time),
        (true, "", time(due))
    );
    let [told] = &app.told().await[..] else {
        panic!("it was announced once")
    };
    assert_eq!(
        (told.share_id.as_str(), told.scheduled, told.without_pdf),
        (share.share_id.as_str(), true, false)
    );
    app.clock.advance(SignedDuration::from_hours(48));
    app.work().await;
    assert_eq!(app.told().await.len(), 1);
    assert_eq!(app.bill(&before).await.share_time, None);
    app.finish().await;
}

#[tokio::test]
async fn r15_the_bills_of_a_night_are_shared_by_themselves_an_hour_later() {
    let app = TestApp::start().await;
    app.share_by_itself(60).await;
    app.set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    let (other, _) = app.insured_client(app.practice).await;
    for client in [app.client, other] {
        app.session(app.practice, client, 15_000).await;
    }
    let midnight: Timestamp = "2026-03-03T05:00:00Z".parse().expect("an instant");
    app.clock.set(midnight);
    while automate_due(&app.billing).await.expect("run") > 0 {}
    app.work().await;
    assert_eq!(app.told().await, []);
    app.clock.advance(SignedDuration::from_mins(60));
    app.work().await;
    let told = app.told().await;
    let clients: HashSet<_> = told
        .iter()
        .filter_map(|told| told.bill.as_ref())
        .map(|bill| bill.client_id.clone())
        .collect();
    assert_eq!(
        (told.len(), clients),
        (
            2,
            HashSet::from([app.client.to_string(), other.to_string()])
        )
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_f30_f31_workers_at_once_after_three_days_down_share_every_bill_once() {
    let app = TestApp::start().await;
    app.share_by_itself(60).await;
    let mut wanted = HashSet::new();
    for _ in 0..25 {
        wanted.insert(app.issue(1_000, 0).await.bill_id);
    }
    // A worker that claimed and died.
    sqlx::query("update billing.share_queue set due_time = $1 where bill_id = $2")
        .bind(jiff_sqlx::ToSqlx::to_sqlx(
            app.clock.now() + SignedDuration::from_hours(72) + SignedDuration::from_mins(2),
        ))
        .bind(uuid::Uuid::from(
            wanted
                .iter()
                .next()
                .expect("one")
                .parse::<ids::BillId>()
                .expect("an id"),
        ))
        .execute(app.db.owner_pool())
        .await
        .expect("claimed");
    app.clock.advance(SignedDuration::from_hours(72));
    join_all((0..4).map(|_| app.work())).await;
    assert_eq!(app.told().await.len(), 24);
    app.clock.advance(SignedDuration::from_mins(2));
    join_all((0..4).map(|_| app.work())).await;
    let told = app.told().await;
    let bills: HashSet<String> = told
        .iter()
        .filter_map(|told| told.bill.as_ref())
        .map(|bill| bill.bill_id.clone())
        .collect();
    assert_eq!((told.len(), bills), (25, wanted));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_f31_a_bill_is_stopped_or_shared_whoever_is_faster() {
    let app = TestApp::start().await;
    app.share_by_itself(60).await;
    let mut bills = Vec::new();
    for _ in 0..12 {
        bills.push(app.issue(1_000, 0).await);
    }
    app.clock.advance(SignedDuration::from_mins(60));
    let stops = join_all(bills.iter().map(|bill| app.stop_share(bill)));
    let ((), (), stopped) = tokio::join!(app.work(), app.work(), stops);
    app.work().await;
    let told = app.told().await;
    for (bill, stopped) in bills.iter().zip(stopped) {
        let shared = told
            .iter()
            .filter(|told| {
                told.bill
                    .as_ref()
                    .is_some_and(|it| it.bill_id == bill.bill_id)
            })
            .count();
        match stopped {
            Ok(stopped) => assert_eq!((shared, stopped.share_time), (0, None)),
            Err(status) => {
                assert_eq!(reason::<()>(Err(status)), "SHARE_NOT_SCHEDULED");
                assert_eq!(shared, 1);
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn r15_what_cannot_be_sent_says_why_and_goes_when_there_is_an_address() {
    let app = TestApp::start().await;
    sqlx::query("update billing.clients set email = ''")
        .execute(app.db.owner_pool())
        .await
        .expect("no address");
    app.share_by_itself(60).await;
    let bill = app.issue(4_000, 0).await;
    let block = async || app.shares_of(&bill).await.scheduled[0].block();
    assert_eq!(block().await, ShareBlock::NoEmailAddress);
    app.clock.advance(SignedDuration::from_mins(60));
    app.work().await;
    assert_eq!(block().await, ShareBlock::NoEmailAddress);
    assert_eq!(app.told().await, []);
    let by_hand = app.schedule(&bill, app.in_minutes(60)).await;
    assert_eq!(reason(by_hand), "NO_EMAIL_ADDRESS");

    app.add_billing_contact().await;
    assert_eq!(block().await, ShareBlock::Unspecified);
    app.work().await;
    assert_eq!(app.told().await.len(), 1);

    // An address that came another way is seen within a day.
    sqlx::query("update billing.contacts set email = ''")
        .execute(app.db.owner_pool())
        .await
        .expect("no address");
    app.issue(4_000, 0).await;
    app.clock.advance(SignedDuration::from_mins(60));
    app.work().await;
    sqlx::query("update billing.contacts set email = 'byron@example.org'")
        .execute(app.db.owner_pool())
        .await
        .expect("an address");
    app.work().await;
    assert_eq!(app.told().await.len(), 1);
    app.clock.advance(SignedDuration::from_hours(24));
    app.work().await;
    assert_eq!(app.told().await.len(), 2);
    app.finish().await;
}

/// The worker is about to find no address when one is added: stopped at the schedule's lock, both wait for it, whichever
/// comes first afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r15_an_address_that_is_added_just_when_none_is_found_sends_the_bill_at_once() {
    let app = TestApp::start().await;
    app.share_by_itself(60).await;
    app.unreachable_bill().await;
    let mut gate = app.db.owner_pool().begin().await.expect("begun");
    sqlx::query("select from billing.share_schedules for update")
        .execute(&mut *gate)
        .await
        .expect("locked");
    let open = async {
        app.until_waiting(1).await;
        let added = app.add_billing_contact();
        let opened = async {
            app.until_waiting(2).await;
            gate.rollback().await.expect("opened");
        };
        tokio::join!(added, opened);
    };
    let (worked, ()) = tokio::join!(share_due(&app.billing), open);
    worked.expect("claimed");
    app.work().await;
    assert_eq!(app.told().await.len(), 1, "not a day later");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r15_f31_workers_and_new_addresses_at_once_leave_no_bill_waiting() {
    let app = TestApp::start().await;
    app.share_by_itself(60).await;
    for round in 1..=12 {
        app.unreachable_bill().await;
        let workers = join_all((0..3).map(|_| share_due(&app.billing)));
        let (worked, ()) = tokio::join!(workers, app.add_billing_contact());
        assert!(worked.iter().all(Result::is_ok), "{worked:?}");
        app.work().await;
        assert_eq!(app.told().await.len(), round);
    }
    app.finish().await;
}
