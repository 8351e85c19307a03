use crate::app::{OWNER, PASSWORD, TestApp, from, reason, registration, seen};
use jiff::ToSpan as _;
use proto::policy::v1::Role as PolicyRole;
use proto::portal_auth::v1::{GetPracticeRequest, SignInStaffRequest, SignInStaffResponse};
use rpc::Role;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

async fn sign_in(
    app: &TestApp,
    email: &str,
    password: &str,
) -> Result<SignInStaffResponse, Status> {
    let request = SignInStaffRequest {
        email: email.to_owned(),
        password: password.to_owned(),
    };
    let request = from(&app.fresh_address(), request);
    app.sign_in()
        .sign_in_staff(request)
        .await
        .map(tonic::Response::into_inner)
}

#[tokio::test]
async fn r39_the_owner_signs_in_and_the_token_opens_their_practice() {
    let app = TestApp::start().await;
    let practice = app
        .register(registration())
        .await
        .expect("registered")
        .practice_id;
    let session = sign_in(&app, " Dana@Practice.example ", PASSWORD)
        .await
        .expect("signed in");
    assert_eq!(
        (&session.practice_id, session.role()),
        (&practice, PolicyRole::Owner)
    );

    let caller = app
        .verifier()
        .verify(&session.access_token)
        .await
        .expect("verified");
    assert_eq!(
        (caller.role, caller.practice),
        (Role::Owner, practice.parse().ok())
    );
    assert!(caller.subject.starts_with("user_"), "{}", caller.subject);
    let mut practices = app.practices(app.bearer(&session.access_token));
    let request = GetPracticeRequest {
        practice_id: practice,
    };
    practices
        .get_practice(request.clone())
        .await
        .expect("their practice");

    app.clock.advance(11.minutes());
    assert_eq!(
        reason(practices.get_practice(request).await),
        "TOKEN_EXPIRED"
    );
    app.finish().await;
}

#[tokio::test]
async fn r39_a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let app = TestApp::start().await;
    app.register(registration()).await.expect("registered");
    let wrong = seen(sign_in(&app, OWNER, "sturdy otter on a boat").await);
    let unknown = seen(sign_in(&app, "nobody@practice.example", PASSWORD).await);
    assert_eq!(wrong, unknown);
    assert_eq!(wrong.0, Code::Unauthenticated);
    app.finish().await;
}

#[tokio::test]
async fn r39_ten_wrong_passwords_close_an_address_for_minutes() {
    let app = TestApp::start().await;
    app.register(registration()).await.expect("registered");
    sign_in(&app, OWNER, PASSWORD)
        .await
        .expect("a right one is not counted");
    for _ in 0..10 {
        assert_eq!(
            reason(sign_in(&app, OWNER, "wrong again").await),
            "SIGN_IN_REFUSED"
        );
    }
    let status = sign_in(&app, OWNER, PASSWORD).await.expect_err("too many");
    assert_eq!(status.code(), Code::ResourceExhausted);
    let retry = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay);
    assert_eq!(retry.expect("RetryInfo").as_secs(), 300);
    assert_eq!(reason(Err::<(), _>(status)), "TOO_MANY_ATTEMPTS");

    app.clock.advance(5.minutes());
    sign_in(&app, OWNER, PASSWORD)
        .await
        .expect("the wait is over");
    app.finish().await;
}

#[tokio::test]
async fn r39_one_network_cannot_try_many_addresses() {
    let app = TestApp::start().await;
    let network = app.fresh_address();
    let attempt = |number: usize| {
        let email = format!("staff{number}@practice.example");
        let request = SignInStaffRequest {
            email,
            password: PASSWORD.to_owned(),
        };
        let (mut client, request) = (app.sign_in(), from(&network, request));
        async move { client.sign_in_staff(request).await }
    };
    for number in 0..10 {
        assert_eq!(reason(attempt(number).await), "SIGN_IN_REFUSED");
    }
    assert_eq!(reason(attempt(10).await), "TOO_MANY_ATTEMPTS");
    app.finish().await;
}
