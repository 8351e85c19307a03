use crate::app::{TestApp, due, minor, reason, usd};
use futures::future::join_all;
use jiff::ToSpan as _;
use proto::billing::v1::{BillStatus, PlaceHoldRequest, ReleaseHoldRequest};

#[tokio::test]
async fn r16_of_two_payers_at_once_one_holds_and_the_other_is_told() {
    let app = TestApp::start().await;
    for _ in 0..10 {
        let bill = app.issue(4_000, 0).await;
        let payers = (0..3).map(|_| {
            let (mut ledger, hold) = (app.as_payments(), app.hold(&bill, 4_000));
            async move { ledger.place_hold(hold).await }
        });
        let (held, told): (Vec<_>, Vec<_>) =
            join_all(payers).await.into_iter().partition(Result::is_ok);
        assert_eq!((held.len(), told.len()), (1, 2));
        for refusal in told {
            assert_eq!(reason(refusal), "PAYMENT_IN_PROGRESS");
        }
        assert_eq!(minor(&app.bill(&bill).await.held), 4_000);
    }
    app.finish().await;
}

#[tokio::test]
async fn r16_the_same_payment_has_one_hold_and_takes_it_away_when_it_is_booked() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let hold = app.hold(&bill, 4_000);
    let first = app
        .as_payments()
        .place_hold(hold.clone())
        .await
        .expect("held")
        .into_inner();
    assert_eq!(first.client_id, app.client.to_string());
    let again = app
        .as_payments()
        .place_hold(hold.clone())
        .await
        .expect("held")
        .into_inner();
    assert_eq!(first, again);
    let other = PlaceHoldRequest {
        amount: Some(usd(1)),
        ..hold.clone()
    };
    assert_eq!(
        reason(app.as_payments().place_hold(other).await),
        "PAYMENT_CHANGED"
    );

    let mut payment = app.payment(4_000, &[(&bill, 4_000)]);
    payment.payment_id = hold.payment_id;
    app.post(&payment).await;
    let bill = app.bill(&bill).await;
    assert_eq!(
        (due(&bill), minor(&bill.held)),
        ((0, 0, BillStatus::Paid), 0)
    );
    assert_eq!(
        reason(app.as_payments().place_hold(app.hold(&bill, 1)).await),
        "NOTHING_DUE"
    );
    app.finish().await;
}

#[tokio::test]
async fn r16_a_hold_ends_after_fifteen_minutes_or_when_it_is_released() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    app.as_payments()
        .place_hold(app.hold(&bill, 3_000))
        .await
        .expect("held");
    assert_eq!(
        reason(app.as_payments().place_hold(app.hold(&bill, 4_001)).await),
        "EXCEEDS_CLIENT_BALANCE"
    );
    assert_eq!(
        reason(app.as_payments().place_hold(app.hold(&bill, 1_001)).await),
        "PAYMENT_IN_PROGRESS"
    );
    app.clock.advance(15.minutes());
    let second = app.hold(&bill, 4_000);
    app.as_payments()
        .place_hold(second.clone())
        .await
        .expect("the first has ended");
    let release = ReleaseHoldRequest {
        practice_id: second.practice_id,
        payment_id: second.payment_id,
    };
    for _ in 0..2 {
        app.as_payments()
            .release_hold(release.clone())
            .await
            .expect("released");
    }
    app.as_payments()
        .place_hold(app.hold(&bill, 4_000))
        .await
        .expect("the second was released");
    app.finish().await;
}
