//! What an attacker tries (reliability.md, F40 and F41).

use crate::app::{TestApp, guess, other_code, reason};
use futures::future::join_all;
use ids::Reference;
use jiff::ToSpan as _;
use proto::portal_auth::v1::SignInGuestRequest;
use rpc::ServeConfig;
use std::time::{Duration, Instant};
use tonic::Code;
use tonic_types::StatusExt as _;

#[tokio::test]
async fn r16_f40_of_two_hundred_guesses_at_once_at_most_five_are_compared() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let codes = (0..1_000_000).map(|number| format!("{number:06}"));
    let codes = codes
        .filter(|code| code != &shared.code.access_code)
        .take(200);
    let guesses = codes.map(|code| {
        let (app, reference) = (&app, &shared.reference);
        async move { app.guess(reference, &code).await }
    });
    for answer in join_all(guesses).await {
        let status = answer.expect_err("refused");
        // More at once than can be hashed: some are told to come back.
        let told = [
            Code::Unauthenticated,
            Code::ResourceExhausted,
            Code::DeadlineExceeded,
        ];
        assert!(told.contains(&status.code()), "{status:?}");
    }
    assert_eq!(
        app.standing(&shared).await,
        (0, 5, true, false),
        "five were counted, then it locked"
    );

    // The practice was guessed at more than 50 times, so its link is needed now.
    let right = SignInGuestRequest {
        link_token: shared.code.link_token.clone(),
        ..guess(&shared.reference, &shared.code.access_code)
    };
    let locked = app.guess_with(app.fresh_address(), right.clone()).await;
    assert_eq!(reason(locked), "SIGN_IN_REFUSED");
    app.clock.advance(15.minutes());
    app.guess_with(app.fresh_address(), right)
        .await
        .expect("the client still gets in");
    app.finish().await;
}

#[tokio::test]
async fn r16_one_network_has_ten_guesses_in_ten_minutes() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let subscriber = |host: usize| format!("2001:db8:1:2::{host:x}");
    for host in 0..10 {
        let unknown = guess(&Reference::new(&app.clock).to_string(), "123456");
        assert_eq!(
            reason(app.guess_with(subscriber(host), unknown).await),
            "SIGN_IN_REFUSED"
        );
    }
    let right = guess(&shared.reference, &shared.code.access_code);
    let status = app
        .guess_with(subscriber(10), right.clone())
        .await
        .expect_err("too many");
    assert_eq!(status.code(), Code::ResourceExhausted);
    let retry = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay);
    assert_eq!(retry.expect("RetryInfo"), Duration::from_secs(600));
    assert_eq!(reason(Err::<(), _>(status)), "TOO_MANY_ATTEMPTS");
    app.guess_with("2001:db8:1:3::1".to_owned(), right.clone())
        .await
        .expect("the next network");
    app.clock.advance(10.minutes());
    app.guess_with(subscriber(10), right)
        .await
        .expect("the wait is over");
    app.finish().await;
}

#[tokio::test]
async fn r16_who_is_not_the_gateway_cannot_name_its_own_address() {
    let app = TestApp::start_with(|config| ServeConfig {
        behind_gateway: false,
        ..config
    })
    .await;
    for _ in 0..10 {
        assert_eq!(
            reason(app.guess("K7M2-9QXD", "123456").await),
            "SIGN_IN_REFUSED"
        );
    }
    assert_eq!(
        reason(app.guess("K7M2-9QXD", "123456").await),
        "TOO_MANY_ATTEMPTS"
    );
    app.finish().await;
}

#[tokio::test]
async fn r16_f41_an_unknown_number_takes_as_long_as_a_wrong_code() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let wrong = other_code(&shared.code.access_code);
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        known.push(took(&app, &shared.reference, &wrong).await);
        unknown.push(took(&app, &Reference::new(&app.clock).to_string(), &wrong).await);
        // So that no lock comes in between: all ten of the code's life are compared.
        app.clock.advance(16.minutes());
    }
    let (known, unknown) = (median(known), median(unknown));
    let hash = median((0..5).map(|_| hashing(&app)).collect());
    assert!(
        unknown > hash / 2,
        "an unknown number took {unknown:?}, a hash alone {hash:?}"
    );
    let ratio = known.max(unknown).as_secs_f64() / known.min(unknown).as_secs_f64();
    assert!(
        ratio < 3.0,
        "a wrong code took {known:?}, an unknown number {unknown:?}"
    );
    assert_eq!(app.standing(&shared).await.1, 10, "all were compared");
    app.finish().await;
}

async fn took(app: &TestApp, reference: &str, code: &str) -> Duration {
    let start = Instant::now();
    assert_eq!(reason(app.guess(reference, code).await), "SIGN_IN_REFUSED");
    start.elapsed()
}

/// How long one hash takes here.
fn hashing(app: &TestApp) -> Duration {
    let start = Instant::now();
    app.portal
        .secrets
        .hash(b"as long as any", &app.clock)
        .expect("a hash");
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
