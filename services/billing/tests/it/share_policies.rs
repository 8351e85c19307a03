//! R15: how bills are shared is for the owner to say.

use crate::app::{TestApp, reason};
use crate::sharing::time;
use proto::billing::v1::share_service_client::ShareServiceClient;
use proto::billing::v1::{
    GetSharePolicyRequest, SetClientSharePolicyRequest, SetSharePolicyRequest, ShareContent,
    SharePolicy,
};
use rpc::{Claims, Connection, Role};
use testkit::request_id;

const BY_HAND: SharePolicy = SharePolicy {
    automatic: false,
    delay_minutes: 60,
    content: ShareContent::WithPdf as i32,
};
const BY_ITSELF: SharePolicy = SharePolicy {
    automatic: true,
    delay_minutes: 24 * 60,
    content: ShareContent::PortalOnly as i32,
};

impl TestApp {
    fn as_biller(&self) -> ShareServiceClient<Connection> {
        let practice = self.practice.to_string();
        ShareServiceClient::new(self.connection(move |claims| Claims {
            role: Role::Biller,
            practice_id: Some(practice.clone()),
            ..claims
        }))
    }

    /// The practice's and the client's own.
    async fn share_policies(&self) -> (SharePolicy, Option<SharePolicy>) {
        let get = GetSharePolicyRequest {
            practice_id: self.practice.to_string(),
            client_id: self.client.to_string(),
        };
        let read = self.as_biller().get_share_policy(get).await;
        let read = read.expect("read").into_inner();
        (read.policy.expect("always"), read.client_policy)
    }
}

#[tokio::test]
async fn r15_the_owner_says_how_bills_are_shared() {
    let app = TestApp::start().await;
    assert_eq!(app.share_policies().await, (BY_HAND, None));
    let request = app.share_policy_request(BY_ITSELF);
    for _ in 0..2 {
        let set = app.shares().set_share_policy(request.clone()).await;
        assert_eq!(set.expect("set").into_inner().policy, Some(BY_ITSELF));
    }
    let other = SetSharePolicyRequest {
        policy: Some(BY_HAND),
        ..request
    };
    let reused = app.shares().set_share_policy(other).await;
    assert_eq!(reason(reused), "REQUEST_ID_REUSED");
    let billers = app
        .as_biller()
        .set_share_policy(app.share_policy_request(BY_HAND))
        .await;
    assert_eq!(
        billers.expect_err("the owner's").code(),
        tonic::Code::PermissionDenied
    );
    for delay_minutes in [59, -1, 30 * 24 * 60 + 1] {
        let policy = SharePolicy {
            delay_minutes,
            ..BY_ITSELF
        };
        let set = app
            .shares()
            .set_share_policy(app.share_policy_request(policy))
            .await;
        assert_eq!(reason(set), "INVALID_FIELD", "{delay_minutes}");
    }
    assert_eq!(app.share_policies().await, (BY_ITSELF, None));
    app.finish().await;
}

#[tokio::test]
async fn r15_a_client_may_depart_from_the_practices_policy_and_go_back_to_it() {
    let app = TestApp::start().await;
    app.shares()
        .set_share_policy(app.share_policy_request(BY_ITSELF))
        .await
        .expect("set");
    let own = SetClientSharePolicyRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: app.client.to_string(),
        policy: Some(BY_HAND),
    };
    let set = app.as_biller().set_client_share_policy(own.clone()).await;
    assert_eq!(set.expect("set").into_inner().client_policy, Some(BY_HAND));
    assert_eq!(app.share_policies().await, (BY_ITSELF, Some(BY_HAND)));
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
    assert_eq!(app.share_policies().await, (BY_ITSELF, None));
    assert_eq!(
        app.issue(4_000, 0).await.scheduled_share_time,
        time(app.in_minutes(24 * 60))
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
