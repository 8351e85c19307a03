use crate::app::{TestApp, guess, other_code, reason, seen};
use ids::{BillId, Reference};
use jiff::ToSpan as _;
use proto::portal_auth::v1::SignInGuestRequest;
use rpc::Role;
use tonic::Code;

#[tokio::test]
async fn r16_number_and_code_open_exactly_that_bill_for_fifteen_minutes() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let typed = format!(" {} ", shared.reference.to_lowercase().replace('-', " "));
    let session = app
        .guess(&typed, &shared.code.access_code)
        .await
        .expect("the page opens");
    assert_eq!(session.bill_id, shared.bill.to_string());
    assert_eq!(session.practice_id, shared.practice.to_string());

    let verifier = app.verifier();
    let caller = verifier
        .verify(&session.access_token)
        .await
        .expect("verified");
    assert_eq!(caller.role, Role::Guest);
    assert_eq!(
        (caller.practice, caller.bill),
        (Some(shared.practice), Some(shared.bill))
    );
    caller.sees_bill(shared.bill).expect("its own bill");
    caller
        .sees_bill(BillId::new(&app.clock))
        .expect_err("no other bill");
    app.clock.advance(16.minutes());
    verifier
        .verify(&session.access_token)
        .await
        .expect_err("expired");
    app.finish().await;
}

#[tokio::test]
async fn r16_whatever_is_wrong_the_answer_is_the_same() {
    let app = TestApp::start().await;
    let [open, locked, burned, retired] = [
        app.share().await,
        app.share().await,
        app.share().await,
        app.share().await,
    ];
    for (bill, change) in [
        (&locked, "lock_end_time = '2026-03-02T15:10:00Z'"),
        (&burned, "burn_time = issue_time"),
        (&retired, "retire_time = issue_time"),
    ] {
        let statement = format!("update portal_auth.access_codes set {change} where bill_id = $1");
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(bill.bill.uuid())
            .execute(app.db.owner_pool())
            .await
            .expect("changed");
    }
    let unknown = Reference::new(&app.clock).to_string();
    let wrong_code = other_code(&open.code.access_code);
    let refused = [
        (
            "a wrong number",
            unknown.as_str(),
            open.code.access_code.as_str(),
        ),
        (
            "no number at all",
            "invoice 7",
            open.code.access_code.as_str(),
        ),
        ("a wrong code", open.reference.as_str(), wrong_code.as_str()),
        ("no code at all", open.reference.as_str(), "the code"),
        (
            "another bill's code",
            open.reference.as_str(),
            locked.code.access_code.as_str(),
        ),
        (
            "locked",
            locked.reference.as_str(),
            locked.code.access_code.as_str(),
        ),
        (
            "burned",
            burned.reference.as_str(),
            burned.code.access_code.as_str(),
        ),
        (
            "paid or cancelled",
            retired.reference.as_str(),
            retired.code.access_code.as_str(),
        ),
    ];
    let mut first = None;
    for (what, reference, code) in refused {
        let answer = seen(app.guess(reference, code).await);
        assert_eq!(&answer, first.get_or_insert(answer.clone()), "{what}");
        assert_eq!(answer.0, Code::Unauthenticated, "{what}");
    }
    app.guess(&open.reference, &open.code.access_code)
        .await
        .expect("the right pair opens");
    app.finish().await;
}

#[tokio::test]
async fn r16_five_wrong_codes_lock_for_fifteen_minutes() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let wrong = other_code(&shared.code.access_code);
    for _ in 0..5 {
        assert_eq!(
            reason(app.guess(&shared.reference, &wrong).await),
            "SIGN_IN_REFUSED"
        );
    }
    assert_eq!(app.standing(&shared).await, (0, 5, true, false));
    let right = &shared.code.access_code;
    assert_eq!(
        reason(app.guess(&shared.reference, right).await),
        "SIGN_IN_REFUSED"
    );
    app.clock.advance(14.minutes());
    assert_eq!(
        reason(app.guess(&shared.reference, right).await),
        "SIGN_IN_REFUSED"
    );
    assert_eq!(
        app.standing(&shared).await,
        (0, 5, true, false),
        "a locked code counts nothing"
    );
    app.clock.advance(1.minutes());
    app.guess(&shared.reference, right)
        .await
        .expect("the lock has ended");
    assert_eq!(
        app.standing(&shared).await,
        (0, 5, false, false),
        "its life still counts them"
    );
    app.finish().await;
}

#[tokio::test]
async fn r16_a_right_code_counts_for_nothing_however_often() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let address = app.fresh_address();
    for _ in 0..12 {
        let guess = guess(&shared.reference, &shared.code.access_code);
        app.guess_with(address.clone(), guess)
            .await
            .expect("the page opens");
    }
    assert_eq!(app.standing(&shared).await, (0, 0, false, false));
    app.finish().await;
}

#[tokio::test]
async fn r16_a_practice_that_is_guessed_at_needs_the_link_until_tomorrow() {
    let app = TestApp::start().await;
    let shared = app.share().await;
    let neighbour = app.share().await;
    // As after 50 wrong guesses at the practice's other bills today.
    sqlx::query(
        "insert into portal_auth.attempts (subject, window_seconds, window_start_time, count)
        values ($1, 86400, '2026-03-02T00:00:00Z', 50)",
    )
    .bind(format!("guess-at:{}", shared.practice))
    .execute(app.db.owner_pool())
    .await
    .expect("counted");
    let right = guess(&shared.reference, &shared.code.access_code);
    let without = app.guess_with(app.fresh_address(), right.clone()).await;
    assert_eq!(reason(without), "SIGN_IN_REFUSED");
    let wrong_link = SignInGuestRequest {
        link_token: neighbour.code.link_token.clone(),
        ..right.clone()
    };
    assert_eq!(
        reason(app.guess_with(app.fresh_address(), wrong_link).await),
        "SIGN_IN_REFUSED"
    );
    assert_eq!(
        app.standing(&shared).await,
        (0, 0, false, false),
        "what is not compared burns nothing"
    );

    let with_link = SignInGuestRequest {
        link_token: shared.code.link_token.clone(),
        ..right
    };
    app.guess_with(app.fresh_address(), with_link)
        .await
        .expect("the link opens");
    app.guess(&neighbour.reference, &neighbour.code.access_code)
        .await
        .expect("others go on");
    app.clock.advance(24.hours());
    app.guess(&shared.reference, &shared.code.access_code)
        .await
        .expect("tomorrow is another day");
    app.finish().await;
}
