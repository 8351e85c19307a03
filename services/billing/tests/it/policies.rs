use crate::app::{TestApp, reason};
use crate::people::{NOBODYS, grace};
use proto::billing::v1::{AddPayerRequest, AddPolicyRequest, Payer, Policy};
use testkit::request_id;

impl TestApp {
    fn payer_request(&self) -> AddPayerRequest {
        AddPayerRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            payer: Some(Payer {
                name: "Cigna".to_owned(),
                external_reference: "P-1".to_owned(),
                ..Payer::default()
            }),
        }
    }

    /// A request to insure the client with a new payer.
    async fn policy_request(&self, client_id: &str) -> AddPolicyRequest {
        let added = self.people().add_payer(self.payer_request()).await;
        let payer = added.expect("added").into_inner().payer.expect("a payer");
        AddPolicyRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: client_id.to_owned(),
            policy: Some(Policy {
                payer_id: payer.payer_id,
                member_number: "M 77".to_owned(),
                external_reference: "I-1".to_owned(),
                ..Policy::default()
            }),
        }
    }
}

#[tokio::test]
async fn r03_a_payer_is_added_once() {
    let app = TestApp::start().await;
    let request = app.payer_request();
    let first = app.people().add_payer(request.clone()).await;
    let again = app.people().add_payer(request).await;
    assert_eq!(
        first.expect("added").into_inner(),
        again.expect("replayed").into_inner()
    );
    let twin = app.payer_request();
    assert_eq!(
        reason(app.people().add_payer(twin).await),
        "EXTERNAL_REFERENCE_TAKEN"
    );
    app.finish().await;
}

#[tokio::test]
async fn r03_a_policy_is_a_clients_own_with_a_payer_of_the_practice() {
    let app = TestApp::start().await;
    let client = app.add(grace()).await.client_id;
    let request = app.policy_request(&client).await;
    let added = app.people().add_policy(request.clone()).await;
    let added = added.expect("added").into_inner().policy;
    let again = app.people().add_policy(request.clone()).await;
    assert_eq!(again.expect("replayed").into_inner().policy, added);
    let read = app.read_client(&client).await.policies;
    assert_eq!(read.into_iter().next(), added);

    type Change = fn(&mut AddPolicyRequest);
    let wrong: [(&str, Change); 3] = [
        ("EXTERNAL_REFERENCE_TAKEN", |_| ()),
        ("CLIENT_NOT_FOUND", |request| {
            request.client_id = NOBODYS.to_owned();
        }),
        ("PAYER_NOT_FOUND", |request| {
            if let Some(policy) = &mut request.policy {
                policy.payer_id = "pyr_01j2jv5gymfay8vvr14d2pf2db".to_owned();
            }
        }),
    ];
    for (expected, change) in wrong {
        let mut request = AddPolicyRequest {
            request_id: request_id(),
            ..request.clone()
        };
        change(&mut request);
        assert_eq!(reason(app.people().add_policy(request).await), expected);
    }
    app.finish().await;
}
