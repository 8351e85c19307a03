//! A code that is known to others, or that was guessed at too often, is replaced; the new one goes to the address on file.

use crate::app::{SharedBill, TestApp, other_code, reason};
use futures::future::join_all;
use ids::{BillId, PracticeId};
use prost::Message as _;
use proto::portal_auth::v1::access_code_service_client::AccessCodeServiceClient;
use proto::portal_auth::v1::{
    AccessCodeBurned, AccessCodeReissued, ReissueAccessCodeRequest, RevealAccessCodeRequest,
    RevealAccessCodeResponse,
};
use rpc::Role;
use testkit::request_id;
use tonic::{Code, Status};

impl TestApp {
    async fn reissue(
        &self,
        role: Role,
        request: &ReissueAccessCodeRequest,
    ) -> Result<prost_types::Timestamp, Status> {
        let practice = request.practice_id.parse().expect("a practice's id");
        let mut codes = AccessCodeServiceClient::new(self.in_role(role, practice));
        let reissued = codes.reissue_access_code(request.clone()).await?;
        Ok(reissued.into_inner().issue_time.expect("always"))
    }

    async fn live(&self, shared: &SharedBill) -> Result<RevealAccessCodeResponse, Status> {
        let request = RevealAccessCodeRequest {
            practice_id: shared.practice.to_string(),
            bill_id: shared.bill.to_string(),
        };
        let revealed = self
            .access_codes("notifications")
            .reveal_access_code(request)
            .await;
        revealed.map(tonic::Response::into_inner)
    }

    /// Payloads of what was announced of a kind.
    async fn announced(&self, shared: &SharedBill, name: &str) -> Vec<Vec<u8>> {
        sqlx::query_scalar(
            "select payload from portal_auth.outbox where practice_id = $1 and event_type = $2 order by seq",
        )
        .bind(shared.practice.uuid())
        .bind(format!("evenkeel.portal_auth.v1.{name}"))
        .fetch_all(self.db.owner_pool())
        .await
        .expect("events")
    }

    /// So many wrong guesses in the code's life.
    async fn worn(&self, shared: &SharedBill, failures_in_life: i32) {
        sqlx::query("update portal_auth.access_codes set failures_in_life = $2 where bill_id = $1")
            .bind(shared.bill.uuid())
            .bind(failures_in_life)
            .execute(self.db.owner_pool())
            .await
            .expect("worn");
    }
}

fn reissue_request(practice: PracticeId, bill: BillId) -> ReissueAccessCodeRequest {
    ReissueAccessCodeRequest {
        practice_id: practice.to_string(),
        request_id: request_id(),
        bill_id: bill.to_string(),
    }
}

#[tokio::test]
async fn r16_a_reissued_code_opens_the_bill_and_the_old_one_and_its_link_open_nothing() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let request = reissue_request(shared.practice, shared.bill);
    let first = app.reissue(Role::Owner, &request).await.expect("a new one");
    let fresh = app.live(&shared).await.expect("it lives");
    assert_ne!(fresh.access_code, shared.code.access_code);
    assert_ne!(fresh.link_token, shared.code.link_token);
    assert_eq!(
        reason(app.guess(&shared.reference, &shared.code.access_code).await),
        "SIGN_IN_REFUSED"
    );
    app.guess(&shared.reference, &fresh.access_code)
        .await
        .expect("the new one opens");

    let again = app.reissue(Role::Owner, &request).await.expect("replayed");
    assert_eq!(again, first);
    assert_eq!(app.live(&shared).await.expect("it lives"), fresh);
    let told = app.announced(&shared, "AccessCodeReissued").await;
    assert_eq!(told.len(), 1);
    let event = AccessCodeReissued::decode(told[0].as_slice()).expect("an event");
    assert_eq!(
        (event.bill_id, event.issue_time),
        (shared.bill.to_string(), Some(first))
    );
    for secret in [&fresh.access_code, &fresh.link_token] {
        assert!(
            !told[0]
                .windows(secret.len())
                .any(|part| part == secret.as_bytes()),
            "an event carries no code"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn r16_the_owner_or_a_biller_replaces_the_code_of_a_bill_that_was_shared() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let request = || reissue_request(shared.practice, shared.bill);
    app.reissue(Role::Biller, &request())
        .await
        .expect("a biller may");
    for role in [Role::Program, Role::Clinician, Role::Guest] {
        let refused = app.reissue(role, &request()).await;
        assert_eq!(refused.expect_err("may not").code(), Code::PermissionDenied);
    }
    let elsewhere = reissue_request(PracticeId::new(&app.clock), shared.bill);
    let never_shared = reissue_request(shared.practice, BillId::new(&app.clock));
    for request in [elsewhere, never_shared] {
        let refused = app.reissue(Role::Owner, &request).await;
        assert_eq!(reason(refused), "ACCESS_CODE_NOT_FOUND");
    }
    sqlx::query("update portal_auth.access_codes set retire_time = issue_time")
        .execute(app.db.owner_pool())
        .await
        .expect("paid");
    assert_eq!(
        reason(app.reissue(Role::Owner, &request()).await),
        "ACCESS_CODE_NOT_FOUND"
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r16_f40_of_many_last_guesses_at_once_one_burns_the_code_and_it_is_told_once() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    app.worn(&shared, 9).await;
    let wrong = other_code(&shared.code.access_code);
    let guesses = (0..12).map(|_| app.guess(&shared.reference, &wrong));
    for answer in join_all(guesses).await {
        answer.expect_err("refused");
    }
    assert_eq!(app.standing(&shared).await, (1, 10, false, true));
    let told = app.announced(&shared, "AccessCodeBurned").await;
    assert_eq!(told.len(), 1, "one guess was counted");
    let event = AccessCodeBurned::decode(told[0].as_slice()).expect("an event");
    assert_eq!(
        (event.bill_id, event.issue_time),
        (shared.bill.to_string(), shared.code.issue_time)
    );
    assert_eq!(
        reason(app.guess(&shared.reference, &shared.code.access_code).await),
        "SIGN_IN_REFUSED"
    );

    let next = app
        .issue(shared.practice, shared.bill, &shared.reference)
        .await;
    app.guess(&shared.reference, &next.access_code)
        .await
        .expect("the next one opens");
    assert_eq!(
        reason(app.guess(&shared.reference, &shared.code.access_code).await),
        "SIGN_IN_REFUSED"
    );
    app.finish().await;
}

#[tokio::test]
async fn r16_a_right_tenth_guess_opens_and_who_heard_of_a_burn_finds_the_same_code() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    app.worn(&shared, 9).await;
    app.guess(&shared.reference, &shared.code.access_code)
        .await
        .expect("it is right");
    assert_eq!(app.announced(&shared, "AccessCodeBurned").await.len(), 1);
    let found = app
        .issue(shared.practice, shared.bill, &shared.reference)
        .await;
    assert_eq!(found, shared.code, "with the same issue_time");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r16_after_a_reissue_no_guess_with_the_old_code_gets_in() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let request = reissue_request(shared.practice, shared.bill);
    let old = &shared.code.access_code;
    // At once: the guess is in before the new code is there, or refused. Afterwards it is refused.
    let (at_once, reissued) = tokio::join!(
        app.guess(&shared.reference, old),
        app.reissue(Role::Owner, &request)
    );
    reissued.expect("a new one");
    if let Err(status) = at_once {
        assert_eq!(reason::<()>(Err(status)), "SIGN_IN_REFUSED");
    }
    let fresh = app.live(&shared).await.expect("it lives");
    assert_eq!(
        reason(app.guess(&shared.reference, old).await),
        "SIGN_IN_REFUSED"
    );
    app.guess(&shared.reference, &fresh.access_code)
        .await
        .expect("the new one opens");
    app.finish().await;
}
