use crate::app::{TestApp, issue_request, other_code, reason};
use futures::future::join_all;
use ids::{BillId, PracticeId, Reference};
use jiff::ToSpan as _;
use proto::portal_auth::v1::access_code_service_client::AccessCodeServiceClient;
use proto::portal_auth::v1::{RevealAccessCodeRequest, RevealAccessCodeResponse};
use rpc::Role;
use tonic::{Code, Status};

fn reveal_request(practice: PracticeId, bill: BillId) -> RevealAccessCodeRequest {
    RevealAccessCodeRequest {
        practice_id: practice.to_string(),
        bill_id: bill.to_string(),
    }
}

async fn reveal(
    app: &TestApp,
    practice: PracticeId,
    bill: BillId,
) -> Result<RevealAccessCodeResponse, Status> {
    let revealed = app
        .access_codes("notifications")
        .reveal_access_code(reveal_request(practice, bill))
        .await;
    revealed.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn r16_a_bill_has_one_code_as_long_as_it_lives() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    assert_eq!(
        shared.code.access_code.len(),
        6,
        "{}",
        shared.code.access_code
    );
    assert!(
        shared
            .code
            .access_code
            .bytes()
            .all(|digit| digit.is_ascii_digit())
    );
    assert_eq!(shared.code.link_token.len(), 32, "128 bits");
    let again = app
        .issue(shared.practice, shared.bill, &shared.reference)
        .await;
    assert_eq!(shared.code, again);
    let revealed = reveal(&app, shared.practice, shared.bill)
        .await
        .expect("revealed");
    assert_eq!(
        (
            revealed.access_code,
            revealed.link_token,
            revealed.reference
        ),
        (again.access_code, again.link_token, again.reference)
    );
    app.finish().await;
}

#[tokio::test]
async fn r16_a_code_asked_for_four_times_at_once_is_one_code() {
    let app = TestApp::start().await;
    let (practice, bill) = (PracticeId::new(&app.clock), BillId::new(&app.clock));
    let reference = Reference::new(&app.clock).to_string();
    let codes = join_all((0..4).map(|_| app.issue(practice, bill, &reference))).await;
    assert!(codes.iter().all(|code| code == &codes[0]), "{codes:?}");
    app.finish().await;
}

#[tokio::test]
async fn r16_only_billing_and_notifications_see_codes() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let callers = [
        app.service("payments"),
        app.service("reporting"),
        app.in_role(Role::Owner, shared.practice),
        app.in_role(Role::Program, shared.practice),
        app.in_role(Role::Guest, shared.practice),
    ];
    for caller in callers {
        let mut codes = AccessCodeServiceClient::new(caller);
        let revealed = codes
            .reveal_access_code(reveal_request(shared.practice, shared.bill))
            .await;
        assert_eq!(
            revealed.expect_err("refused").code(),
            Code::PermissionDenied
        );
        let issued = codes
            .issue_access_code(issue_request(
                shared.practice,
                shared.bill,
                &shared.reference,
            ))
            .await;
        assert_eq!(issued.expect_err("refused").code(), Code::PermissionDenied);
    }
    app.finish().await;
}

#[tokio::test]
async fn r16_an_invoice_number_stands_for_one_bill() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let mut codes = app.access_codes("billing");
    let another_bill = issue_request(shared.practice, BillId::new(&app.clock), &shared.reference);
    assert_eq!(
        reason(codes.issue_access_code(another_bill).await),
        "INVALID_FIELD"
    );
    let another_number = issue_request(
        shared.practice,
        shared.bill,
        &Reference::new(&app.clock).to_string(),
    );
    assert_eq!(
        reason(codes.issue_access_code(another_number).await),
        "INVALID_FIELD"
    );
    app.guess(&shared.reference, &shared.code.access_code)
        .await
        .expect("its own stands");
    app.finish().await;
}

#[tokio::test]
async fn r41_a_code_is_not_found_under_another_practice() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let other = PracticeId::new(&app.clock);
    assert_eq!(
        reason(reveal(&app, other, shared.bill).await),
        "ACCESS_CODE_NOT_FOUND"
    );
    let nobodys = BillId::new(&app.clock);
    assert_eq!(
        reason(reveal(&app, shared.practice, nobodys).await),
        "ACCESS_CODE_NOT_FOUND"
    );
    app.finish().await;
}

#[tokio::test]
async fn r16_a_burned_code_is_not_shown_and_is_replaced_by_another() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let wrong = other_code(&shared.code.access_code);
    for _ in 0..10 {
        assert_eq!(
            reason(app.guess(&shared.reference, &wrong).await),
            "SIGN_IN_REFUSED"
        );
        app.clock.advance(15.minutes());
    }
    assert_eq!(
        reason(app.guess(&shared.reference, &shared.code.access_code).await),
        "SIGN_IN_REFUSED"
    );
    assert_eq!(
        reason(reveal(&app, shared.practice, shared.bill).await),
        "ACCESS_CODE_NOT_FOUND"
    );

    let next = app
        .issue(shared.practice, shared.bill, &shared.reference)
        .await;
    assert_ne!(
        (&next.access_code, &next.link_token),
        (&shared.code.access_code, &shared.code.link_token)
    );
    assert_eq!(
        reason(app.guess(&shared.reference, &shared.code.access_code).await),
        "SIGN_IN_REFUSED"
    );
    app.guess(&shared.reference, &next.access_code)
        .await
        .expect("the new one opens");
    app.finish().await;
}
