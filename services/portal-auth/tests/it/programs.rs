use crate::app::{BILLING_SECRET, TestApp, reason, registration, seen};
use ids::{PracticeId, ProgramId};
use proto::portal_auth::v1::{
    CreateProgramRequest, CreateProgramResponse, IssueServiceTokenRequest,
    IssueServiceTokenResponse,
};
use rpc::Role;
use testkit::request_id;
use tonic::{Code, Status};

fn program(practice: PracticeId) -> CreateProgramRequest {
    CreateProgramRequest {
        practice_id: practice.to_string(),
        request_id: request_id(),
        name: "Our EHR".to_owned(),
    }
}

async fn create(
    app: &TestApp,
    request: CreateProgramRequest,
) -> Result<CreateProgramResponse, Status> {
    let practice = request.practice_id.parse().expect("a practice's id");
    let mut owner = app.practices(app.in_role(Role::Owner, practice));
    owner
        .create_program(request)
        .await
        .map(tonic::Response::into_inner)
}

async fn token(app: &TestApp, id: &str, secret: &str) -> Result<IssueServiceTokenResponse, Status> {
    let request = IssueServiceTokenRequest {
        client_id: id.to_owned(),
        client_secret: secret.to_owned(),
    };
    app.sign_in()
        .issue_service_token(request)
        .await
        .map(tonic::Response::into_inner)
}

#[tokio::test]
async fn r49_a_program_gets_tokens_for_its_practice_with_its_secret() {
    let app = TestApp::start().await;
    let practice = app
        .register(registration())
        .await
        .expect("registered")
        .practice_id;
    let practice: PracticeId = practice.parse().expect("a practice's id");
    let made = create(&app, program(practice)).await.expect("created");
    assert_eq!(made.secret.len(), 64, "256 bits");
    let issued = token(&app, &made.program_id, &made.secret)
        .await
        .expect("a token");
    let caller = app
        .verifier()
        .verify(&issued.access_token)
        .await
        .expect("verified");
    assert_eq!(
        (caller.role, caller.practice),
        (Role::Program, Some(practice))
    );
    assert_eq!(caller.subject, made.program_id);
    app.finish().await;
}

#[tokio::test]
async fn r49_a_program_is_made_once_and_its_secret_shown_once() {
    let app = TestApp::start().await;
    let request = program(PracticeId::new(&app.clock));
    let first = create(&app, request.clone()).await.expect("created");
    let again = create(&app, request.clone()).await.expect("replayed");
    assert_eq!(
        (first.program_id.as_str(), again.secret.as_str()),
        (again.program_id.as_str(), "")
    );
    token(&app, &first.program_id, &first.secret)
        .await
        .expect("the first secret stays good");
    let other = CreateProgramRequest {
        name: "Our scheduler".to_owned(),
        ..request
    };
    assert_eq!(reason(create(&app, other).await), "REQUEST_ID_REUSED");
    app.finish().await;
}

#[tokio::test]
async fn r41_only_the_practice_s_own_owner_makes_programs() {
    let app = TestApp::start().await;
    let (own, other) = (PracticeId::new(&app.clock), PracticeId::new(&app.clock));
    let mut owner = app.practices(app.in_role(Role::Owner, own));
    let status = owner
        .create_program(program(other))
        .await
        .expect_err("another's");
    assert_eq!(status.code(), Code::NotFound);
    for role in [Role::Biller, Role::Clinician, Role::Program, Role::Guest] {
        let mut caller = app.practices(app.in_role(role, own));
        let status = caller
            .create_program(program(own))
            .await
            .expect_err("not the owner");
        assert_eq!(status.code(), Code::PermissionDenied, "{role:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn r49_a_wrong_secret_and_an_unknown_program_get_the_same_answer_and_are_counted() {
    let app = TestApp::start().await;
    let made = create(&app, program(PracticeId::new(&app.clock)))
        .await
        .expect("created");
    let nobody = ProgramId::new(&app.clock).to_string();
    let wrong = seen(token(&app, &made.program_id, "a guess").await);
    for (id, secret) in [
        (nobody.as_str(), made.secret.as_str()),
        ("billing", "a guess"),
        ("ledger", BILLING_SECRET),
    ] {
        assert_eq!(seen(token(&app, id, secret).await), wrong, "{id}");
    }
    for _ in 0..6 {
        assert_eq!(
            reason(token(&app, &made.program_id, "a guess").await),
            "SIGN_IN_REFUSED"
        );
    }
    assert_eq!(
        reason(token(&app, &made.program_id, "a guess").await),
        "TOO_MANY_ATTEMPTS"
    );
    token(&app, &made.program_id, &made.secret)
        .await
        .expect("others' guesses do not shut it out");
    app.finish().await;
}

#[tokio::test]
async fn a_service_of_the_suite_gets_tokens_with_its_secret() {
    let app = TestApp::start().await;
    let issued = token(&app, "billing", BILLING_SECRET)
        .await
        .expect("a token");
    let caller = app
        .verifier()
        .verify(&issued.access_token)
        .await
        .expect("verified");
    assert_eq!(
        (caller.role, caller.service.as_deref()),
        (Role::Service, Some("billing"))
    );
    assert_eq!(
        (caller.subject.as_str(), caller.practice),
        ("service:billing", None)
    );
    app.finish().await;
}
