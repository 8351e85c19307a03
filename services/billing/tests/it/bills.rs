use crate::app::{TODAY, TestApp, due, minor, reason, usd};
use crate::corrections::wrong_field;
use futures::future::join_all;
use proto::billing::v1::{
    BillStatus, CancelBillRequest, EditBillRequest, GetPayPageRequest, IssueBillRequest, LineTerms,
    Responsibility, ShareBillRequest,
};
use proto::google::r#type::Date;
use std::collections::BTreeSet;
use testkit::request_id;

#[tokio::test]
async fn r03_a_bill_has_a_line_per_service_its_shares_and_a_number() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 11_000).await;
    assert_eq!(due(&bill), (4_000, 11_000, BillStatus::Open));
    assert_eq!((bill.number, minor(&bill.total)), (1, 15_000));
    assert_eq!((bill.issue_date, bill.due_date), (Some(TODAY), Some(TODAY)));
    assert_eq!(bill.reference.len(), 9, "{}", bill.reference);
    let line = &bill.lines[0];
    assert_eq!(
        (line.service_code.as_str(), line.clinician_name.as_str()),
        ("90837", "Dr. Lee")
    );
    assert_eq!(line.modifiers, ["95", "GT"]);
    assert_eq!(
        bill,
        app.bill(&bill).await,
        "what is answered is what is read"
    );
    assert_eq!(app.issue(1_000, 0).await.number, 2);
    app.finish().await;
}

#[tokio::test]
async fn r03_the_same_request_again_is_the_same_bill_and_another_content_is_refused() {
    let app = TestApp::start().await;
    let request = app.bill_request(4_000, 0).await;
    let first = app
        .bills()
        .issue_bill(request.clone())
        .await
        .expect("issued")
        .into_inner()
        .bill;
    let again = app
        .bills()
        .issue_bill(request.clone())
        .await
        .expect("replayed")
        .into_inner()
        .bill;
    assert_eq!(first, again);
    let other = IssueBillRequest {
        comments: "Thank you".to_owned(),
        ..request
    };
    assert_eq!(
        reason(app.bills().issue_bill(other).await),
        "REQUEST_ID_REUSED"
    );
    app.finish().await;
}

/// What makes a good request wrong.
type Change = fn(&mut IssueBillRequest);

#[tokio::test]
async fn r03_a_bill_that_cannot_be_is_refused_with_its_reason() {
    let app = TestApp::start().await;
    let good = app.bill_request(4_000, 11_000).await;
    let with = |change: Change| {
        let mut request = IssueBillRequest {
            request_id: request_id(),
            ..good.clone()
        };
        change(&mut request);
        request
    };
    let wrong: [(&str, Change); 10] = [
        ("POLICY_REQUIRED", |bill| bill.policy_id.clear()),
        ("POLICY_NOT_FOUND", |bill| {
            bill.policy_id = "pol_01j2jv5gymfay8vvr14d2pf2db".to_owned()
        }),
        ("CLIENT_NOT_FOUND", |bill| {
            bill.client_id = "cli_01j2jv5gymfay8vvr14d2pf2db".to_owned()
        }),
        ("SESSION_NOT_FOUND", |bill| {
            bill.sessions[0].session_id = "ses_01j2jv5gymfay8vvr14d2pf2db".to_owned();
        }),
        ("SERVICE_NOT_FOUND", |bill| {
            bill.sessions[0].line_terms[0].service_code = "90834".to_owned();
        }),
        ("SHARE_EXCEEDS_PRICE", |bill| {
            bill.sessions[0].line_terms[0].insurance_share = Some(usd(15_001))
        }),
        ("CURRENCY_MISMATCH", |bill| {
            bill.sessions[0].line_terms[0].price = Some(proto::money::v1::Money {
                currency_code: "EUR".to_owned(),
                minor_units: 100,
            });
        }),
        ("DUE_BEFORE_ISSUE", |bill| {
            bill.due_date = Some(Date { day: 1, ..TODAY })
        }),
        ("CARD_NUMBER_IN_TEXT", |bill| {
            bill.comments = "card 4242 4242 4242 4242".to_owned()
        }),
        ("INVALID_FIELD", |bill| bill.sessions.clear()),
    ];
    for (expected, change) in wrong {
        assert_eq!(reason(app.bills().issue_bill(with(change)).await), expected);
    }
    let issued = app
        .bills()
        .issue_bill(good)
        .await
        .expect("issued")
        .into_inner()
        .bill
        .expect("a bill");
    assert_eq!(issued.number, 1, "refusals take no number");
    app.finish().await;
}

#[tokio::test]
async fn r03_a_bill_is_of_today_or_before_and_due_within_ten_years() {
    let app = TestApp::start().await;
    // Half past nine in the evening of the second in New York, where it is the third in UTC.
    app.clock
        .set("2026-03-03T02:30:00Z".parse().expect("an instant"));
    let ask = async |issue: Option<Date>, due: Option<Date>| {
        let request = IssueBillRequest {
            issue_date: issue,
            due_date: due,
            ..app.product_request(1_000)
        };
        app.bills().issue_bill(request).await
    };
    let later = |days: i32| Date {
        day: TODAY.day + days,
        ..TODAY
    };
    let of_year = |year: i32| Date { year, ..TODAY };
    for (issue, due, field) in [
        (Some(later(1)), None, "issue_date"),
        (Some(of_year(9999)), None, "issue_date"),
        (Some(of_year(1899)), None, "issue_date"),
        (Some(of_year(1)), None, "issue_date"),
        (
            None,
            Some(Date {
                day: 3,
                ..of_year(2036)
            }),
            "due_date",
        ),
        (None, Some(of_year(9999)), "due_date"),
    ] {
        assert_eq!(
            wrong_field(ask(issue, due).await),
            field,
            "{issue:?} {due:?}"
        );
    }
    for (issue, due) in [
        (Some(TODAY), Some(of_year(2036))),
        (Some(of_year(1900)), Some(of_year(1900))),
    ] {
        let issued = ask(issue, due).await.expect("issued").into_inner();
        let bill = issued.bill.expect("a bill");
        assert_eq!((bill.issue_date, bill.due_date), (issue, due));
    }
    let bill = app.issue(1_000, 0).await;
    assert_eq!(bill.issue_date, Some(TODAY), "the practice's own day");
    let edit = |due: Date| EditBillRequest {
        due_date: Some(due),
        ..app.edit_request(&bill)
    };
    assert_eq!(wrong_field(app.edit(edit(of_year(2037))).await), "due_date");
    let edited = app.edit(edit(of_year(2036))).await.expect("edited");
    assert_eq!(edited.due_date, Some(of_year(2036)));
    app.finish().await;
}

#[tokio::test]
async fn r03_insurance_owes_everything_when_it_is_responsible_and_terms_change_a_price() {
    let app = TestApp::start().await;
    let mut request = app.bill_request(4_000, 11_000).await;
    request.responsibility = Responsibility::Insurance.into();
    request.sessions[0].line_terms = vec![LineTerms {
        line_number: 1,
        price: Some(usd(9_000)),
        ..LineTerms::default()
    }];
    let bill = app
        .bills()
        .issue_bill(request)
        .await
        .expect("issued")
        .into_inner()
        .bill
        .expect("a bill");
    assert_eq!(due(&bill), (0, 9_000, BillStatus::Open));
    app.finish().await;
}

#[tokio::test]
async fn r03_what_was_cancelled_in_time_or_costs_nothing_is_not_billable() {
    let app = TestApp::start().await;
    for session in [("cancelled_by_client", 100), ("completed", 0)] {
        let session = app.session_with(app.practice, app.client, session).await;
        let mut request = app.bill_request(100, 0).await;
        request.sessions[0].session_id = session.to_string();
        assert_eq!(
            reason(app.bills().issue_bill(request).await),
            "SESSION_NOT_BILLABLE"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn r03_two_bills_at_once_never_take_the_same_session() {
    let app = TestApp::start().await;
    for _ in 0..8 {
        let request = app.bill_request(4_000, 0).await;
        let twins = (0..4).map(|_| {
            let request = IssueBillRequest {
                request_id: request_id(),
                ..request.clone()
            };
            let mut bills = app.bills();
            async move { bills.issue_bill(request).await }
        });
        let (issued, refused): (Vec<_>, Vec<_>) =
            join_all(twins).await.into_iter().partition(Result::is_ok);
        assert_eq!(issued.len(), 1);
        for refusal in refused {
            assert_eq!(reason(refusal), "SESSION_ALREADY_BILLED");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn r03_bills_issued_at_once_have_numbers_without_gaps() {
    let app = TestApp::start().await;
    let issues = (0..24).map(|nth| {
        let mut bills = app.bills();
        let mut request = app.product_request(1_000);
        if nth % 4 == 0 {
            request.client_id = "cli_01j2jv5gymfay8vvr14d2pf2db".to_owned();
        }
        async move { bills.issue_bill(request).await }
    });
    let answers = join_all(issues).await;
    let bills = answers
        .into_iter()
        .filter_map(Result::ok)
        .filter_map(|answer| answer.into_inner().bill);
    let (mut numbers, mut references) = (BTreeSet::new(), BTreeSet::new());
    for bill in bills {
        numbers.insert(bill.number);
        references.insert(bill.reference);
    }
    assert_eq!(
        numbers.into_iter().collect::<Vec<_>>(),
        (1..=18).collect::<Vec<_>>()
    );
    assert_eq!(references.len(), 18);
    app.finish().await;
}

#[tokio::test]
async fn r09_a_cancelled_bill_owes_nothing_and_its_session_can_be_billed_again() {
    let app = TestApp::start().await;
    let request = app.bill_request(4_000, 11_000).await;
    let bill = app
        .bills()
        .issue_bill(request.clone())
        .await
        .expect("issued")
        .into_inner()
        .bill
        .expect("a bill");
    let cancel = CancelBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        reason: "Wrong client".to_owned(),
    };
    let cancelled = app
        .bills()
        .cancel_bill(cancel.clone())
        .await
        .expect("cancelled")
        .into_inner()
        .bill;
    let cancelled = cancelled.expect("a bill");
    assert_eq!(due(&cancelled), (0, 0, BillStatus::Cancelled));
    let again = app
        .bills()
        .cancel_bill(cancel.clone())
        .await
        .expect("replayed")
        .into_inner()
        .bill;
    assert_eq!(again, Some(cancelled));
    let anew = CancelBillRequest {
        request_id: request_id(),
        ..cancel
    };
    assert_eq!(
        reason(app.bills().cancel_bill(anew).await),
        "BILL_CANCELLED"
    );
    let rebilled = IssueBillRequest {
        request_id: request_id(),
        ..request
    };
    let rebilled = app
        .bills()
        .issue_bill(rebilled)
        .await
        .expect("issued")
        .into_inner()
        .bill
        .expect("a bill");
    assert_eq!(rebilled.number, 2);
    app.finish().await;
}

#[tokio::test]
async fn r09_a_bill_with_payments_or_a_payment_in_progress_is_not_cancelled() {
    let app = TestApp::start().await;
    let cancel = |bill: &proto::billing::v1::Bill| CancelBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        reason: String::new(),
    };
    let held = app.issue(4_000, 0).await;
    app.as_payments()
        .place_hold(app.hold(&held, 4_000))
        .await
        .expect("held");
    assert_eq!(
        reason(app.bills().cancel_bill(cancel(&held)).await),
        "PAYMENT_IN_PROGRESS"
    );
    let paid = app.issue(4_000, 0).await;
    let payment = app.payment(1_000, &[(&paid, 1_000)]);
    app.post(&payment).await;
    assert_eq!(
        reason(app.bills().cancel_bill(cancel(&paid)).await),
        "BILL_HAS_PAYMENTS"
    );
    app.refund(&payment, 1_000).await;
    app.bills()
        .cancel_bill(cancel(&paid))
        .await
        .expect("nothing is paid on it any more");
    app.finish().await;
}

#[tokio::test]
async fn r15_a_shared_bill_says_when_and_needs_an_address() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let share = ShareBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        ..ShareBillRequest::default()
    };
    let shared = app
        .bills()
        .share_bill(share.clone())
        .await
        .expect("shared")
        .into_inner()
        .bill
        .expect("a bill");
    assert!(shared.share_time.is_some());
    assert_ne!(shared.etag, bill.etag);
    let again = app
        .bills()
        .share_bill(share.clone())
        .await
        .expect("replayed")
        .into_inner()
        .bill;
    assert_eq!(again, Some(shared));
    assert_eq!(app.count_events("evenkeel.billing.v1.BillShared").await, 1);
    sqlx::query("update billing.clients set email = ''")
        .execute(app.db.owner_pool())
        .await
        .expect("no address");
    let anew = ShareBillRequest {
        request_id: request_id(),
        ..share
    };
    assert_eq!(
        reason(app.bills().share_bill(anew).await),
        "NO_EMAIL_ADDRESS"
    );
    app.finish().await;
}

#[tokio::test]
async fn r16_a_guest_sees_the_amount_of_the_one_bill_and_no_other() {
    let app = TestApp::start().await;
    let (bill, other) = (app.issue(4_000, 11_000).await, app.issue(2_000, 0).await);
    let page_of = |bill: &proto::billing::v1::Bill| GetPayPageRequest {
        practice_id: app.practice.to_string(),
        bill_id: bill.bill_id.clone(),
    };
    let page = app
        .guest(&bill)
        .get_pay_page(page_of(&bill))
        .await
        .expect("read")
        .into_inner();
    assert_eq!(
        (page.practice_name.as_str(), minor(&page.balance)),
        ("Lakeside Therapy", 4_000)
    );
    assert!(!page.payment_in_progress);
    app.as_payments()
        .place_hold(app.hold(&bill, 4_000))
        .await
        .expect("held");
    let page = app
        .guest(&bill)
        .get_pay_page(page_of(&bill))
        .await
        .expect("read")
        .into_inner();
    assert!(page.payment_in_progress);
    assert_eq!(
        reason(app.guest(&bill).get_pay_page(page_of(&other)).await),
        "BILL_NOT_FOUND"
    );
    app.finish().await;
}
