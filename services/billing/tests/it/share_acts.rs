//! R15: what people do about sharing a bill.

use crate::app::{TestApp, bill_id, reason};
use crate::sharing::time;
use ids::PracticeId;
use jiff::SignedDuration;
use proto::billing::v1::share_service_client::ShareServiceClient;
use proto::billing::v1::{
    CancelBillRequest, ListSharesRequest, ShareContent, SharePolicy, StopShareRequest,
};
use testkit::request_id;

const USER: &str = "user_00000000000000000000000001";

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
