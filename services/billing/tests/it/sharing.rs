//! R15: bills reach their billing contacts by hand or by themselves, when it was said, and once.

use crate::app::{TestApp, bill_id, reason};
use billing::work::share_due;
use futures::future::join_all;
use ids::PracticeId;
use jiff::{SignedDuration, Timestamp};
use prost::Message as _;
use proto::billing::v1::share_service_client::ShareServiceClient;
use proto::billing::v1::{
    AddContactRequest, Bill, BillShared, CancelBillRequest, Contact, GetSharePolicyRequest,
    ListSharesRequest, ListSharesResponse, ScheduleShareRequest, SetClientSharePolicyRequest,
    SetSharePolicyRequest, ShareBillRequest, ShareBlock, ShareContent, SharePolicy,
    StopShareRequest,
};
use rpc::{Claims, Connection, Role};
use std::collections::HashSet;
use testkit::request_id;
use tonic::Status;

const USER: &str = "user_00000000000000000000000001";

impl TestApp {
    fn shares(&self) -> ShareServiceClient<Connection> {
        ShareServiceClient::new(self.owner_of(self.practice))
    }

    fn as_biller(&self) -> ShareServiceClient<Connection> {
        let practice = self.practice.to_string();
        ShareServiceClient::new(self.connection(move |claims| Claims {
            role: Role::Biller,
            practice_id: Some(practice.clone()),
            ..claims
        }))
    }

    fn share_policy_request(&self, policy: SharePolicy) -> SetSharePolicyRequest {
        SetSharePolicyRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            policy: Some(policy),
        }
    }

    async fn share_by_itself(&self, delay_minutes: i32) {
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

    async fn share_now(&self, bill: &Bill, content: ShareContent) -> Result<Bill, Status> {
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

    async fn schedule(&self, bill: &Bill, time: Timestamp) -> Result<Bill, Status> {
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

    async fn stop_share(&self, bill: &Bill) -> Result<Bill, Status> {
        let request = StopShareRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.bill_id.clone(),
        };
        let stopped = self.shares().stop_share(request).await?;
        Ok(stopped.into_inner().bill.expect("a bill"))
    }

    async fn shares_of(&self, bill: &Bill) -> ListSharesResponse {
        let request = ListSharesRequest {
            practice_id: self.practice.to_string(),
            bill_id: bill.bill_id.clone(),
            ..ListSharesRequest::default()
        };
        let listed = self.shares().list_shares(request).await;
        listed.expect("listed").into_inner()
    }

    /// What a worker does until nothing is due.
    async fn work(&self) {
        while share_due(&self.billing).await.expect("claimed") > 0 {}
    }

    /// All that was announced to be sent, of any practice, oldest first.
    async fn told(&self) -> Vec<BillShared> {
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

    fn in_minutes(&self, minutes: i64) -> Timestamp {
        self.clock.now() + SignedDuration::from_mins(minutes)
    }
}

fn time(at: Timestamp) -> Option<prost_types::Timestamp> {
    Some(rpc::wire::time(at))
}

#[tokio::test]
async fn r15_the_owner_says_how_bills_are_shared_and_a_client_may_depart_from_it() {
    let app = TestApp::start().await;
    let get = GetSharePolicyRequest {
        practice_id: app.practice.to_string(),
        client_id: app.client.to_string(),
    };
    let read = async || {
        let read = app.as_biller().get_share_policy(get.clone()).await;
        let read = read.expect("read").into_inner();
        (read.policy.expect("always"), read.client_policy)
    };
    let by_hand = SharePolicy {
        automatic: false,
        delay_minutes: 60,
        content: ShareContent::WithPdf.into(),
    };
    assert_eq!(read().await, (by_hand, None));

    let by_itself = SharePolicy {
        automatic: true,
        delay_minutes: 24 * 60,
        content: ShareContent::PortalOnly.into(),
    };
    let request = app.share_policy_request(by_itself);
    for _ in 0..2 {
        let set = app.shares().set_share_policy(request.clone()).await;
        assert_eq!(set.expect("set").into_inner().policy, Some(by_itself));
    }
    let other = SetSharePolicyRequest {
        policy: Some(by_hand),
        ..request
    };
    let reused = app.shares().set_share_policy(other).await;
    assert_eq!(reason(reused), "REQUEST_ID_REUSED");
    let billers = app
        .as_biller()
        .set_share_policy(app.share_policy_request(by_hand))
        .await;
    assert_eq!(
        billers.expect_err("the owner's").code(),
        tonic::Code::PermissionDenied
    );
    for delay_minutes in [59, -1, 30 * 24 * 60 + 1] {
        let policy = SharePolicy {
            delay_minutes,
            ..by_itself
        };
        let set = app
            .shares()
            .set_share_policy(app.share_policy_request(policy))
            .await;
        assert_eq!(reason(set), "INVALID_FIELD", "{delay_minutes}");
    }
    assert_eq!(read().await, (by_itself, None));

    let own = SetClientSharePolicyRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: app.client.to_string(),
        policy: Some(by_hand),
    };
    let set = app.as_biller().set_client_share_policy(own.clone()).await;
    assert_eq!(set.expect("set").into_inner().client_policy, Some(by_hand));
    assert_eq!(read().await, (by_itself, Some(by_hand)));
    assert_eq!(app.issue(4_000, 0).await.scheduled_share_time, None);
    let back = SetClientSharePolicyRequest {
        request_id: request_id(),
        policy: None,
        ..own.clone()
    };
    app.shares()
        .set_client_share_policy(back)
        .await
        .expect("set");
    assert_eq!(read().await, (by_itself, None));
    let tomorrow = app.in_minutes(24 * 60);
    assert_eq!(
        app.issue(4_000, 0).await.scheduled_share_time,
        time(tomorrow)
    );

    let nobodys = SetClientSharePolicyRequest {
        request_id: request_id(),
        client_id: ids::ClientId::new(&app.clock).to_string(),
        ..own
    };
    let set = app.shares().set_client_share_policy(nobodys).await;
    assert_eq!(reason(set), "CLIENT_NOT_FOUND");
    app.finish().await;
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

    let contact = AddContactRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: app.client.to_string(),
        contact: Some(Contact {
            given_name: "Byron".to_owned(),
            family_name: "Lovelace".to_owned(),
            email: "byron@example.org".to_owned(),
            billing_contact: true,
            ..Contact::default()
        }),
    };
    app.people().add_contact(contact).await.expect("added");
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

#[tokio::test]
async fn r15_a_share_is_scheduled_put_off_stopped_and_sent_at_once_instead() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    for wrong in [app.clock.now(), app.in_minutes(-1), app.in_minutes(600_000)] {
        assert_eq!(reason(app.schedule(&bill, wrong).await), "INVALID_FIELD");
    }
    let first = app.in_minutes(5);
    let scheduled = app.schedule(&bill, first).await.expect("scheduled");
    assert_eq!(scheduled.scheduled_share_time, time(first));
    let later = app.in_minutes(30);
    let put_off = app.schedule(&bill, later).await.expect("scheduled");
    assert_eq!(put_off.scheduled_share_time, time(later));
    app.clock.advance(SignedDuration::from_mins(10));
    app.work().await;
    assert_eq!(app.told().await, []);

    let stopped = app.stop_share(&bill).await.expect("stopped");
    assert_eq!(stopped.scheduled_share_time, None);
    assert_eq!(reason(app.stop_share(&bill).await), "SHARE_NOT_SCHEDULED");
    app.schedule(&bill, app.in_minutes(30))
        .await
        .expect("scheduled");
    let shared = app.share_now(&bill, ShareContent::Unspecified).await;
    let shared = shared.expect("shared");
    assert_eq!(
        (shared.share_time, shared.scheduled_share_time),
        (time(app.clock.now()), None)
    );
    app.clock.advance(SignedDuration::from_hours(1));
    app.work().await;
    assert_eq!(app.told().await.len(), 1);

    app.schedule(&bill, app.in_minutes(1))
        .await
        .expect("scheduled");
    app.clock.advance(SignedDuration::from_mins(1));
    app.work().await;
    app.share_now(&bill, ShareContent::Unspecified)
        .await
        .expect("any number of times");
    let listed = app.shares_of(&bill).await;
    assert_eq!(listed.shares.len(), 3);
    for share in &listed.shares {
        assert_eq!((share.automatic, share.shared_by.as_str()), (false, USER));
    }
    let times: Vec<_> = listed
        .shares
        .iter()
        .map(|share| share.share_id.as_str())
        .collect();
    assert!(
        times.is_sorted_by(|newer, older| newer > older),
        "{times:?}"
    );

    let paged = ListSharesRequest {
        practice_id: app.practice.to_string(),
        client_id: app.client.to_string(),
        page_size: 2,
        ..ListSharesRequest::default()
    };
    let first = app.shares().list_shares(paged.clone()).await;
    let first = first.expect("a page").into_inner();
    let rest = ListSharesRequest {
        page_token: first.next_page_token.clone(),
        ..paged
    };
    let rest = app.shares().list_shares(rest).await.expect("a page");
    assert_eq!(
        [first.shares, rest.into_inner().shares].concat(),
        listed.shares
    );
    app.finish().await;
}

#[tokio::test]
async fn r15_a_cancelled_bill_is_not_scheduled_any_more_and_another_practices_is_not_there() {
    let app = TestApp::start().await;
    app.share_by_itself(60).await;
    let bill = app.issue(4_000, 0).await;
    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let stop = StopShareRequest {
        practice_id: stranger.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
    };
    let mut theirs = ShareServiceClient::new(app.owner_of(stranger));
    assert_eq!(reason(theirs.stop_share(stop).await), "BILL_NOT_FOUND");
    let all = ListSharesRequest {
        practice_id: stranger.to_string(),
        ..ListSharesRequest::default()
    };
    let listed = theirs.list_shares(all).await.expect("listed").into_inner();
    assert_eq!(listed.scheduled, []);

    let cancel = CancelBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        reason: String::new(),
    };
    let cancelled = app.bills().cancel_bill(cancel).await.expect("cancelled");
    let cancelled = cancelled.into_inner().bill.expect("a bill");
    assert_eq!(cancelled.scheduled_share_time, None);
    assert_eq!(
        reason(app.schedule(&bill, app.in_minutes(5)).await),
        "BILL_CANCELLED"
    );
    app.clock.advance(SignedDuration::from_hours(2));
    app.work().await;
    assert_eq!(app.told().await, []);
    let queued: i64 = sqlx::query_scalar("select count(*) from billing.share_queue")
        .fetch_one(app.db.owner_pool())
        .await
        .expect("a count");
    assert_eq!(queued, 0, "{}", bill_id(&bill));
    app.finish().await;
}

#[tokio::test]
async fn r15_the_pdf_goes_along_or_not_by_setting_and_by_act() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let without_pdf = async |content| {
        app.share_now(&bill, content).await.expect("shared");
        app.told().await.last().expect("told").without_pdf
    };
    assert!(!without_pdf(ShareContent::Unspecified).await);
    assert!(without_pdf(ShareContent::PortalOnly).await);
    let portal_only = SharePolicy {
        automatic: true,
        content: ShareContent::PortalOnly.into(),
        ..SharePolicy::default()
    };
    app.shares()
        .set_share_policy(app.share_policy_request(portal_only))
        .await
        .expect("set");
    assert!(without_pdf(ShareContent::Unspecified).await);
    assert!(!without_pdf(ShareContent::WithPdf).await);
    let by_itself = app.issue(4_000, 0).await;
    app.clock.advance(SignedDuration::from_mins(60));
    app.work().await;
    assert_eq!(
        app.shares_of(&by_itself).await.shares[0].content(),
        ShareContent::PortalOnly
    );
    app.finish().await;
}
