use crate::app::{OWNER, TestApp, reason, registration};
use ids::PracticeId;
use proto::portal_auth::v1::{GetPracticeRequest, Practice, RegisterPracticeRequest};
use rpc::Role;
use testkit::request_id;
use tonic::Code;

fn practice_id(practice: &Practice) -> PracticeId {
    practice.practice_id.parse().expect("a practice's id")
}

type Change = fn(&mut RegisterPracticeRequest);

fn get(practice: PracticeId) -> GetPracticeRequest {
    GetPracticeRequest {
        practice_id: practice.to_string(),
    }
}

#[tokio::test]
async fn r49_a_practice_registers_and_is_read_as_it_was_written() {
    let app = TestApp::start().await;
    let request = registration();
    let practice = app.register(request.clone()).await.expect("registered");
    let asked = request.practice.expect("a practice");
    let expected = Practice {
        practice_id: practice.practice_id.clone(),
        create_time: practice.create_time,
        ..asked
    };
    assert_eq!(practice, expected);
    assert!(practice.create_time.is_some());
    let owner = app.practices(app.in_role(Role::Owner, practice_id(&practice)));
    let read = owner
        .clone()
        .get_practice(get(practice_id(&practice)))
        .await
        .expect("read");
    assert_eq!(read.into_inner().practice, Some(practice));
    app.finish().await;
}

#[tokio::test]
async fn r49_the_same_registration_again_is_the_same_practice_and_another_content_is_refused() {
    let app = TestApp::start().await;
    let request = registration();
    let first = app.register(request.clone()).await.expect("registered");
    let again = app.register(request.clone()).await.expect("replayed");
    assert_eq!(first, again);

    let mut other_name = request.clone();
    other_name.practice.get_or_insert_default().name = "Lakeside Therapy".to_owned();
    let other_password = RegisterPracticeRequest {
        owner_password: "sturdy otter on a boat".to_owned(),
        ..request
    };
    for other in [other_name, other_password] {
        assert_eq!(reason(app.register(other).await), "REQUEST_ID_REUSED");
    }
    app.finish().await;
}

#[tokio::test]
async fn r49_twins_of_one_registration_make_one_practice() {
    let app = TestApp::start().await;
    let request = registration();
    let twins = futures::future::join_all((0..4).map(|_| app.register(request.clone()))).await;
    let twins: Vec<_> = twins
        .into_iter()
        .map(|twin| twin.expect("registered"))
        .collect();
    assert!(twins.iter().all(|twin| twin == &twins[0]));
    let count: i64 = sqlx::query_scalar("select count(*) from portal_auth.practices")
        .fetch_one(app.db.owner_pool())
        .await
        .expect("a count");
    assert_eq!(count, 1);
    app.finish().await;
}

#[tokio::test]
async fn r49_a_registration_that_cannot_be_is_refused_with_its_reason() {
    let app = TestApp::start().await;
    let with = |change: fn(&mut RegisterPracticeRequest)| {
        let mut request = registration();
        change(&mut request);
        request
    };
    let wrong: [(&str, Change); 9] = [
        ("SETUP_TOKEN_INVALID", |request| {
            request.setup_token = "a guess".to_owned()
        }),
        ("PASSWORD_TOO_WEAK", |request| {
            request.owner_password = "short".to_owned()
        }),
        ("PASSWORD_TOO_WEAK", |request| {
            request.owner_password = "PasswordPassword".to_owned()
        }),
        ("PASSWORD_TOO_WEAK", |request| {
            request.owner_password = format!("{OWNER} and more")
        }),
        ("TIME_ZONE_UNKNOWN", |request| {
            request.practice.get_or_insert_default().time_zone = "America/Gotham".to_owned();
        }),
        ("CURRENCY_UNKNOWN", |request| {
            request.practice.get_or_insert_default().currency_code = "QQQ".to_owned();
        }),
        ("INVALID_FIELD", |request| {
            request.owner_email = "dana".to_owned()
        }),
        ("INVALID_FIELD", |request| {
            request.request_id = "tomorrow".to_owned()
        }),
        ("INVALID_FIELD", |request| request.practice = None),
    ];
    for (expected, change) in wrong {
        let request = with(change);
        let what = format!("{request:?}");
        assert_eq!(reason(app.register(request).await), expected, "{what}");
    }
    app.register(registration())
        .await
        .expect("refusals leave nothing behind");
    app.finish().await;
}

#[tokio::test]
async fn r39_an_address_signs_in_to_one_practice_only() {
    let app = TestApp::start().await;
    app.register(registration()).await.expect("registered");
    let taken = RegisterPracticeRequest {
        owner_email: OWNER.to_uppercase(),
        ..registration()
    };
    let refused = RegisterPracticeRequest {
        request_id: request_id(),
        ..taken
    };
    let status = app.register(refused.clone()).await.expect_err("refused");
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(reason(Err::<(), _>(status)), "EMAIL_TAKEN");
    let free = RegisterPracticeRequest {
        owner_email: "lee@practice.example".to_owned(),
        ..refused
    };
    app.register(free)
        .await
        .expect("what was refused did not use the request up");
    app.finish().await;
}

#[tokio::test]
async fn r41_a_practice_is_seen_by_its_own_people_only() {
    let app = TestApp::start().await;
    let own = practice_id(&app.register(registration()).await.expect("registered"));
    let other = RegisterPracticeRequest {
        owner_email: "lee@practice.example".to_owned(),
        ..registration()
    };
    let other = practice_id(&app.register(other).await.expect("registered"));
    for role in [Role::Owner, Role::Biller, Role::Clinician, Role::Program] {
        let mut caller = app.practices(app.in_role(role, own));
        caller.get_practice(get(own)).await.expect("their own");
        let status = caller
            .get_practice(get(other))
            .await
            .expect_err("another's");
        assert_eq!(status.code(), Code::NotFound, "{role:?}");
        let nobodys = PracticeId::new(&app.clock);
        let missing = caller
            .get_practice(get(nobodys))
            .await
            .expect_err("nobody's");
        assert_eq!(reason(Err::<(), _>(status)), reason(Err::<(), _>(missing)));
    }
    let mut guest = app.practices(app.in_role(Role::Guest, own));
    let status = guest
        .get_practice(get(own))
        .await
        .expect_err("no guest reads the practice");
    assert_eq!(status.code(), Code::PermissionDenied);
    let mut nobody = app.practices(app.anonymous());
    let status = nobody
        .get_practice(get(own))
        .await
        .expect_err("nobody signed in");
    assert_eq!(status.code(), Code::Unauthenticated);
    app.practices(app.service("billing"))
        .get_practice(get(other))
        .await
        .expect("services may");
    app.finish().await;
}

#[tokio::test]
async fn registration_is_closed_without_a_setup_token() {
    let app = TestApp::start().await;
    let closed = portal_auth::PortalAuth {
        setup_token_digest: None,
        ..app.portal.clone()
    };
    let request = registration();
    let key = pg::RequestKey::derived(PracticeId::new(&app.clock), "RegisterPractice", &[]);
    let caller = rpc::Caller::anonymous();
    let registration = portal_auth::wire::registration(request);
    let answer = portal_auth::ops::register_practice(&closed, &caller, &key, registration).await;
    assert!(matches!(answer, Err(portal_auth::Error::SetupTokenInvalid)));
    app.finish().await;
}
