use crate::adjustments::off;
use crate::app::{TestApp, due, minor, reason, usd};
use futures::future::join_all;
use jiff::ToSpan as _;
use proto::billing::v1::bill_service_client::BillServiceClient;
use proto::billing::v1::ledger_service_client::LedgerServiceClient;
use proto::billing::v1::{
    ApplyCreditRequest, BillStatus, CancelBillRequest, ExtendHoldRequest, GetClientBalanceRequest,
    ListBillsRequest, PlaceHoldRequest, ReleaseHoldRequest,
};
use rpc::{Claims, Role};
use testkit::request_id;

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

#[tokio::test]
async fn r17_a_hold_of_several_bills_is_placed_on_all_of_them_or_on_none() {
    let app = TestApp::start().await;
    let (first, second) = (app.issue(4_000, 0).await, app.issue(2_500, 0).await);
    let both = app.hold_of(&[(&first, 4_000), (&second, 2_500)]);
    app.as_payments()
        .place_hold(app.hold(&second, 1))
        .await
        .expect("held");
    assert_eq!(
        reason(app.as_payments().place_hold(both.clone()).await),
        "PAYMENT_IN_PROGRESS"
    );
    assert_eq!(minor(&app.bill(&first).await.held), 0, "none of it is held");
    let rest = app.hold_of(&[(&first, 4_000), (&second, 2_499)]);
    let held = app.as_payments().place_hold(rest.clone()).await;
    let again = app.as_payments().place_hold(rest.clone()).await;
    assert_eq!(
        held.expect("held").into_inner(),
        again.expect("the same").into_inner()
    );
    let balance = app.balance().await;
    assert_eq!(minor(&balance.pending_payments), 6_500);
    assert_eq!(
        balance.summary,
        "$65.00 is due, of which $65.00 is on its way."
    );
    let fewer = PlaceHoldRequest {
        parts: rest.parts[..1].to_vec(),
        ..rest.clone()
    };
    assert_eq!(
        reason(app.as_payments().place_hold(fewer).await),
        "PAYMENT_CHANGED"
    );
    let twice = app.hold_of(&[(&first, 1), (&first, 1)]);
    assert_eq!(
        reason(app.as_payments().place_hold(twice).await),
        "INVALID_FIELD"
    );

    let mut payment = app.payment(6_499, &[(&first, 4_000), (&second, 2_499)]);
    payment.payment_id = rest.payment_id;
    app.post(&payment).await;
    assert_eq!(minor(&app.bill(&first).await.held), 0);
    assert_eq!(minor(&app.bill(&second).await.held), 1, "the other payer's");
    app.finish().await;
}

#[tokio::test]
async fn r17_payers_at_once_of_overlapping_bills_neither_deadlock_nor_both_hold() {
    let app = TestApp::start().await;
    for _ in 0..10 {
        let (first, second) = (app.issue(4_000, 0).await, app.issue(2_500, 0).await);
        let third = app.issue(1_000, 0).await;
        let wanted = [
            vec![(&first, 4_000), (&second, 2_500), (&third, 1_000)],
            vec![(&third, 1_000), (&second, 2_500), (&first, 4_000)],
            vec![(&second, 2_500), (&first, 4_000)],
            vec![(&third, 1_000), (&second, 2_500)],
        ];
        let payers = wanted.iter().map(|wanted| {
            let (mut ledger, hold) = (app.as_payments(), app.hold_of(wanted));
            async move { ledger.place_hold(hold).await }
        });
        let (held, told): (Vec<_>, Vec<_>) =
            join_all(payers).await.into_iter().partition(Result::is_ok);
        assert_eq!(
            (held.len(), told.len()),
            (1, 3),
            "all of them want the second"
        );
        for refusal in told {
            assert_eq!(reason(refusal), "PAYMENT_IN_PROGRESS");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn r16_a_hold_lasts_as_long_as_its_payment_says_and_is_not_revived() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let hold = app.hold(&bill, 4_000);
    app.as_payments()
        .place_hold(hold.clone())
        .await
        .expect("held");
    let until = |days: i64| app.clock.now() + (days * 24).hours();
    let longer = |days| ExtendHoldRequest {
        practice_id: hold.practice_id.clone(),
        payment_id: hold.payment_id.clone(),
        expire_time: Some(rpc::wire::time(until(days))),
    };
    let week = until(7);
    for days in [7, 1] {
        let ends = app.as_payments().extend_hold(longer(days)).await;
        let ends = ends.expect("longer").into_inner().expire_time;
        assert_eq!(ends, Some(rpc::wire::time(week)), "never shorter");
    }
    assert_eq!(
        reason(app.as_payments().extend_hold(longer(31)).await),
        "INVALID_FIELD"
    );
    app.clock.advance((6 * 24).hours());
    assert_eq!(
        reason(app.as_payments().place_hold(app.hold(&bill, 1)).await),
        "PAYMENT_IN_PROGRESS"
    );
    app.clock.advance((2 * 24).hours());
    let ends = app.as_payments().extend_hold(longer(1)).await;
    assert_eq!(ends.expect("answered").into_inner().expire_time, None);
    app.as_payments()
        .place_hold(app.hold(&bill, 4_000))
        .await
        .expect("it has ended");
    app.finish().await;
}

#[tokio::test]
async fn r17_payments_reads_what_a_client_owes_and_what_others_are_paying_of_it() {
    let app = TestApp::start().await;
    let (one, two) = (app.issue(4_000, 0).await, app.issue(2_500, 0).await);
    app.as_payments()
        .place_hold(app.hold(&two, 1_000))
        .await
        .expect("held");
    let mut bills = BillServiceClient::new(app.connection(|claims| Claims {
        sub: "service:payments".to_owned(),
        role: Role::Service,
        ..claims
    }));
    let request = ListBillsRequest {
        practice_id: app.practice.to_string(),
        page_size: 200,
        client_id: app.client.to_string(),
        statuses: vec![BillStatus::Open.into()],
        client_balance_only: true,
        order_by: "due_date".to_owned(),
        ..ListBillsRequest::default()
    };
    let listed = bills.list_bills(request).await.expect("listed");
    let listed = listed.into_inner().bills;
    let shown = listed.iter().map(|bill| {
        (
            bill.bill_id.clone(),
            minor(&bill.client_balance),
            minor(&bill.held),
        )
    });
    let mut shown: Vec<_> = shown.collect();
    shown.sort();
    let mut expected = vec![(one.bill_id, 4_000, 0), (two.bill_id, 2_500, 1_000)];
    expected.sort();
    assert_eq!(shown, expected);
    assert!(listed.iter().all(|bill| bill.due_date.is_some()));
    app.finish().await;
}

#[tokio::test]
async fn r34_clients_and_contacts_see_their_own_balance_and_no_other() {
    let app = TestApp::start().await;
    app.issue(4_000, 0).await;
    let (somebody, _) = app.insured_client(app.practice).await;
    for role in [Role::Client, Role::Contact] {
        let (practice, client) = (app.practice, app.client);
        let mut ledger = LedgerServiceClient::new(app.connection(move |claims| Claims {
            role,
            practice_id: Some(practice.to_string()),
            client_ids: vec![client.to_string()],
            ..claims
        }));
        let of = |client: ids::ClientId| GetClientBalanceRequest {
            practice_id: app.practice.to_string(),
            client_id: client.to_string(),
        };
        let own = ledger.get_client_balance(of(app.client)).await;
        assert_eq!(own.expect("its own").into_inner().summary, "$40.00 is due.");
        let other = ledger.get_client_balance(of(somebody)).await;
        assert_eq!(reason(other), "CLIENT_NOT_FOUND");
    }
    app.finish().await;
}

#[tokio::test]
async fn f07_holds_write_offs_credit_and_cancelling_at_once_hold_no_more_than_is_due() {
    let app = TestApp::start().await;
    for round in 0..8 {
        let (one, two) = (app.issue(4_000, 0).await, app.issue(2_500, 0).await);
        let payment = app.payment(1_500, &[]);
        app.post(&payment).await;
        let hold = app.hold_of(&[(&one, 4_000), (&two, 2_500)]);
        let cancel = CancelBillRequest {
            practice_id: app.practice.to_string(),
            request_id: request_id(),
            bill_id: one.bill_id.clone(),
            reason: "Wrong client".to_owned(),
        };
        let credit = ApplyCreditRequest {
            practice_id: app.practice.to_string(),
            request_id: request_id(),
            bill_id: two.bill_id.clone(),
            amount: Some(usd(1_000)),
        };
        let (mut bills, mut ledger, mut payments) = (app.bills(), app.ledger(), app.as_payments());
        let (held, taken, cancelled, credited) = tokio::join!(
            payments.place_hold(hold),
            app.adjust(&two, off(2_000)),
            bills.cancel_bill(cancel),
            ledger.apply_credit(credit),
        );
        if held.is_ok() {
            assert!(
                cancelled.is_err() && taken.is_err() && credited.is_err(),
                "{round}"
            );
        }
        for bill in [&one, &two] {
            let bill = app.bill(bill).await;
            assert!(minor(&bill.held) <= minor(&bill.client_balance), "{round}");
        }
    }
    app.finish().await;
}
