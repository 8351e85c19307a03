use crate::adjustments::off;
use crate::app::{TODAY, TestApp, due, minor, reason, usd};
use futures::future::join_all;
use proto::billing::v1::session_to_bill::ClientPart;
use proto::billing::v1::{
    AdjustmentKind, Bill, BillContent, BillStatus, EditBillRequest, LineTerms,
    ListBillChangesRequest, Outcome, ProductLine, Reduction, RetireServiceRequest, SessionToBill,
};
use proto::google::r#type::Date;
use testkit::request_id;
use tonic_types::StatusExt as _;

impl TestApp {
    pub fn edit_request(&self, bill: &Bill) -> EditBillRequest {
        EditBillRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.bill_id.clone(),
            etag: bill.etag.clone(),
            ..EditBillRequest::default()
        }
    }

    pub async fn edit(&self, request: EditBillRequest) -> Result<Bill, tonic::Status> {
        let edited = self.bills().edit_bill(request).await?.into_inner();
        Ok(edited.bill.expect("a bill"))
    }
}

/// The bill's own session with other terms.
fn again(bill: &Bill, terms: LineTerms) -> BillContent {
    BillContent {
        sessions: vec![SessionToBill {
            session_id: bill.lines[0].session_id.clone(),
            line_terms: vec![terms],
            client_part: None,
        }],
        policy_id: bill.policy_id.clone(),
        ..BillContent::default()
    }
}

fn price(minor: i64) -> LineTerms {
    LineTerms {
        line_number: 1,
        price: Some(usd(minor)),
        ..LineTerms::default()
    }
}

#[tokio::test]
async fn r03_an_unpaid_bill_is_edited_under_its_number_and_keeps_what_it_said() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 11_000).await;
    let mut content = again(&bill, price(12_000));
    content.products = vec![ProductLine {
        name: "Workbook".to_owned(),
        price: Some(usd(2_500)),
    }];
    let request = EditBillRequest {
        content: Some(content),
        comments: Some("As we agreed".to_owned()),
        ..app.edit_request(&bill)
    };
    let edited = app.edit(request.clone()).await.expect("edited");
    assert_eq!(due(&edited), (14_500, 0, BillStatus::Open));
    assert_eq!(
        (edited.number, &edited.reference),
        (bill.number, &bill.reference)
    );
    assert_eq!(
        (edited.lines.len(), edited.comments.as_str()),
        (2, "As we agreed")
    );
    assert_eq!(edited, app.edit(request).await.expect("replayed"));

    let later = EditBillRequest {
        due_date: Some(Date { day: 30, ..TODAY }),
        ..app.edit_request(&edited)
    };
    app.edit(later).await.expect("edited");
    let request = ListBillChangesRequest {
        practice_id: app.practice.to_string(),
        bill_id: bill.bill_id.clone(),
    };
    let changes = app
        .bills()
        .list_bill_changes(request)
        .await
        .expect("listed");
    let changes = changes.into_inner().changes;
    let fields: Vec<_> = changes
        .iter()
        .map(|change| change.changed_fields.join(" "))
        .collect();
    assert_eq!(fields, ["due_date", "comments lines policy_id"]);
    assert_eq!(changes[1].former, Some(bill), "as it was at first");
    assert!(!changes[0].changed_by.is_empty());
    app.finish().await;
}

#[tokio::test]
async fn r03_what_was_done_between_two_edits_is_told_of_neither() {
    let app = TestApp::start().await;
    let bill = app.issue(10_000, 0).await;
    let commented = EditBillRequest {
        comments: Some("First".to_owned()),
        ..app.edit_request(&bill)
    };
    app.edit(commented).await.expect("edited");
    let bill = app
        .adjust(&bill, crate::adjustments::off(1_000))
        .await
        .expect("adjusted");
    let later = EditBillRequest {
        due_date: Some(Date { day: 30, ..TODAY }),
        ..app.edit_request(&bill)
    };
    let bill = app.edit(later).await.expect("edited");
    let after = crate::adjustments::off(500);
    app.adjust(&bill, after).await.expect("adjusted");
    let request = ListBillChangesRequest {
        practice_id: app.practice.to_string(),
        bill_id: bill.bill_id.clone(),
    };
    let listed = app.bills().list_bill_changes(request).await;
    let changes = listed.expect("listed").into_inner().changes;
    let fields: Vec<_> = changes
        .iter()
        .map(|change| change.changed_fields.join(" "))
        .collect();
    assert_eq!(fields, ["due_date", "comments"]);
    app.finish().await;
}

#[tokio::test]
async fn r03_a_session_taken_off_a_bill_is_pending_again_and_another_bills_is_refused() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let other = app.issue(5_000, 0).await;
    let stolen = EditBillRequest {
        content: Some(again(&other, price(5_000))),
        ..app.edit_request(&bill)
    };
    assert_eq!(reason(app.edit(stolen).await), "SESSION_ALREADY_BILLED");
    let product = BillContent {
        products: vec![ProductLine {
            name: "Workbook".to_owned(),
            price: Some(usd(1_000)),
        }],
        ..BillContent::default()
    };
    let request = EditBillRequest {
        content: Some(product),
        ..app.edit_request(&bill)
    };
    app.edit(request).await.expect("edited");
    let freed = EditBillRequest {
        content: Some(again(&bill, price(4_500))),
        ..app.edit_request(&other)
    };
    let edited = app.edit(freed).await.expect("the session is free");
    assert_eq!(due(&edited).0, 4_500);
    app.finish().await;
}

#[tokio::test]
async fn r03_what_is_paid_stale_or_held_is_not_edited() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let stale = EditBillRequest {
        etag: "r0".to_owned(),
        content: Some(again(&bill, price(1))),
        ..app.edit_request(&bill)
    };
    assert_eq!(reason(app.edit(stale).await), "ETAG_MISMATCH");
    let early = EditBillRequest {
        due_date: Some(Date { day: 1, ..TODAY }),
        ..app.edit_request(&bill)
    };
    assert_eq!(reason(app.edit(early).await), "DUE_BEFORE_ISSUE");
    app.as_payments()
        .place_hold(app.hold(&bill, 1_000))
        .await
        .expect("held");
    let request = |bill: &Bill| EditBillRequest {
        content: Some(again(bill, price(1))),
        ..app.edit_request(bill)
    };
    assert_eq!(
        reason(app.edit(request(&bill)).await),
        "PAYMENT_IN_PROGRESS"
    );
    app.post(&app.payment(500, &[(&bill, 500)])).await;
    let paid = app.bill(&bill).await;
    assert_eq!(reason(app.edit(request(&paid)).await), "BILL_HAS_PAYMENTS");
    let words = EditBillRequest {
        comments: Some("Half is paid".to_owned()),
        ..app.edit_request(&paid)
    };
    assert_eq!(due(&app.edit(words).await.expect("edited")).0, 3_500);
    app.finish().await;
}

#[tokio::test]
async fn r03_of_two_edits_at_once_one_is_told_to_read_again() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let edits = (1..=4).map(|nth| {
        let request = EditBillRequest {
            content: Some(again(&bill, price(nth * 1_000))),
            ..app.edit_request(&bill)
        };
        app.edit(request)
    });
    let (edited, refused): (Vec<_>, Vec<_>) =
        join_all(edits).await.into_iter().partition(Result::is_ok);
    assert_eq!((edited.len(), refused.len()), (1, 3));
    for refusal in refused {
        assert_eq!(reason(refusal), "ETAG_MISMATCH");
    }
    app.finish().await;
}

#[tokio::test]
async fn r03_co_pay_and_co_insurance_divide_a_session() {
    let app = TestApp::start().await;
    for (part, owed) in [
        (ClientPart::CoPay(usd(2_500)), (2_500, 12_500)),
        (
            ClientPart::CoInsurancePercent("20".to_owned()),
            (3_000, 12_000),
        ),
    ] {
        let mut request = app.bill_request(15_000, 0).await;
        request.policy_id = app.policy.to_string();
        request.sessions[0].line_terms = vec![LineTerms {
            line_number: 1,
            price: Some(usd(15_000)),
            description: "Psychotherapy".to_owned(),
            service_code: "90834".to_owned(),
            ..LineTerms::default()
        }];
        request.sessions[0].client_part = Some(part);
        let issued = app.bills().issue_bill(request).await.expect("issued");
        let bill = issued.into_inner().bill.expect("a bill");
        assert_eq!((due(&bill).0, due(&bill).1), owed);
        let line = &bill.lines[0];
        assert_eq!(
            (line.service_code.as_str(), line.description.as_str()),
            ("90834", "Psychotherapy")
        );
        assert_eq!(minor(&line.client_share), owed.0);
    }
    let mut request = app.bill_request(15_000, 0).await;
    request.policy_id = app.policy.to_string();
    request.sessions[0].line_terms.clear();
    request.sessions[0].client_part = Some(ClientPart::CoPay(usd(15_001)));
    assert_eq!(
        reason(app.bills().issue_bill(request).await),
        "SHARE_EXCEEDS_PRICE"
    );
    app.finish().await;
}

/// The bill's own session under another code.
fn under(code: &str) -> LineTerms {
    LineTerms {
        line_number: 1,
        service_code: code.to_owned(),
        ..LineTerms::default()
    }
}

#[tokio::test]
async fn r03_another_service_on_a_bill_has_the_catalogues_words_and_the_price_of_its_day() {
    let app = TestApp::start().await;
    let mut service = app.service_request("90834", 12_000);
    service.description = "Psychotherapy, 45 minutes".to_owned();
    app.fees().add_service(service).await.expect("added");
    let later = app.price_request("90834", 99_000, Some(Date { day: 3, ..TODAY }));
    app.fees().set_service_price(later).await.expect("set");
    let bill = app.issue(15_000, 0).await;
    let edit = async |bill: &Bill, terms: LineTerms| {
        let request = EditBillRequest {
            content: Some(again(bill, terms)),
            ..app.edit_request(bill)
        };
        app.edit(request).await
    };
    let shown = |bill: &Bill| {
        let line = &bill.lines[0];
        let words = (line.service_code.clone(), line.description.clone());
        (words, line.units, minor(&line.price))
    };
    let words = |code: &str, description: &str| (code.to_owned(), description.to_owned());
    let shorter = words("90834", "Psychotherapy, 45 minutes");
    let edited = edit(&bill, under("90834")).await.expect("edited");
    assert_eq!(shown(&edited), (shorter.clone(), 1, 12_000));
    assert_eq!(edited.lines[0].modifiers, ["95", "GT"], "as recorded");

    // With the client's own rate, and as often as it was.
    let rate = app.rate_request("90834", 10_000, TODAY);
    app.fees().set_client_rate(rate).await.expect("set");
    let twice = LineTerms {
        units: 2,
        ..under("90834")
    };
    let edited = edit(&edited, twice).await.expect("edited");
    assert_eq!(shown(&edited), (shorter.clone(), 2, 20_000));
    let priced = LineTerms {
        price: Some(usd(5_000)),
        ..under("90834")
    };
    let edited = edit(&edited, priced).await.expect("edited");
    assert_eq!(shown(&edited), (shorter, 1, 5_000));
    let same = edit(&edited, under("90837")).await.expect("edited");
    assert_eq!(
        shown(&same),
        (words("90837", "Psychotherapy, 60 minutes"), 1, 15_000),
        "the recorded one needs no catalogue"
    );
    app.finish().await;
}

#[tokio::test]
async fn r03_a_service_that_nobody_knows_needs_its_own_words_and_price() {
    let app = TestApp::start().await;
    let bill = app.issue(15_000, 0).await;
    let edit = async |terms: LineTerms| {
        let bill = app.bill(&bill).await;
        let request = EditBillRequest {
            content: Some(again(&bill, terms)),
            ..app.edit_request(&bill)
        };
        app.edit(request).await
    };
    let priced = LineTerms {
        price: Some(usd(5_000)),
        ..under("90834")
    };
    let described = LineTerms {
        description: "Psychotherapy, 45 minutes".to_owned(),
        ..under("90834")
    };
    for terms in [under("90834"), priced.clone(), described] {
        let refused = edit(terms).await.expect_err("nobody knows it");
        assert_eq!(refused.code(), tonic::Code::NotFound);
        let bad = refused.get_details_bad_request().expect("BadRequest");
        assert_eq!(
            bad.field_violations[0].field,
            "sessions[0].line_terms[0].service_code"
        );
        assert_eq!(reason::<()>(Err(refused)), "SERVICE_NOT_FOUND");
    }
    let both = LineTerms {
        description: "Psychotherapy, 45 minutes".to_owned(),
        ..priced
    };
    assert_eq!(due(&edit(both).await.expect("edited")).0, 5_000);

    // Nor has the catalogue what it had no more on that day.
    app.add_service("90832", 9_000).await;
    let retire = RetireServiceRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        service_code: "90832".to_owned(),
        retire_date: Some(TODAY),
    };
    app.fees().retire_service(retire).await.expect("retired");
    assert_eq!(reason(edit(under("90832")).await), "SERVICE_NOT_FOUND");
    app.finish().await;
}

#[tokio::test]
async fn r05_a_fee_under_another_code_stays_the_fee() {
    let app = TestApp::start().await;
    app.add_service("NOSHOW", 99_000).await;
    let missed = app.missed(Outcome::NoShow).await;
    let mut request = app.bill_of(&missed);
    request.sessions[0].line_terms = vec![under("NOSHOW")];
    let issued = app.bills().issue_bill(request).await.expect("issued");
    let bill = issued.into_inner().bill.expect("a bill");
    let line = &bill.lines[0];
    assert_eq!(
        (line.service_code.as_str(), line.description.as_str()),
        ("NOSHOW", "No-show fee")
    );
    assert_eq!(due(&bill).0, 15_000);
    app.finish().await;
}

#[tokio::test]
async fn r06_a_waived_session_stays_free_when_its_bill_is_edited_unless_it_is_charged_again() {
    let app = TestApp::start().await;
    let session = app.missed(Outcome::NoShow).await;
    let waive = app.waive_request(&session);
    app.sessions().waive_session(waive).await.expect("waived");
    let bill = app.issue_of(&session).await;
    let dearer = |bill: &Bill| EditBillRequest {
        content: Some(again(bill, price(20_000))),
        ..app.edit_request(bill)
    };
    let edited = app.edit(dearer(&bill)).await.expect("edited");
    assert_eq!(
        (minor(&edited.total), due(&edited).0),
        (20_000, 0),
        "it stays free"
    );
    let charged = app.reverse(&edited, 0).await.expect("taken back");
    assert_eq!(due(&charged).0, 20_000);
    let edited = app.edit(dearer(&charged)).await.expect("edited");
    assert_eq!(
        due(&edited).0,
        20_000,
        "and is charged when somebody said so"
    );
    app.finish().await;
}

#[tokio::test]
async fn r06_a_part_that_was_waived_does_not_become_the_whole_when_the_bill_is_edited() {
    let app = TestApp::start().await;
    let session = app.missed(Outcome::NoShow).await;
    let waive = app.waive_request(&session);
    app.sessions().waive_session(waive).await.expect("waived");
    let bill = app.issue_of(&session).await;
    let charged = app.reverse(&bill, 0).await.expect("taken back");
    let third = Reduction {
        kind: AdjustmentKind::Waiver.into(),
        line_number: 1,
        ..off(5_000)
    };
    let partly = app.adjust(&charged, third.clone()).await.expect("waived");
    assert_eq!(due(&partly).0, 10_000);
    let mut content = again(&partly, LineTerms::default());
    content.sessions[0].line_terms.clear();
    content.reductions = vec![third];
    let request = EditBillRequest {
        content: Some(content),
        comments: Some("A third is on us".to_owned()),
        ..app.edit_request(&partly)
    };
    let edited = app.edit(request).await.expect("edited");
    assert_eq!(due(&edited).0, 10_000, "a third is waived and no more");

    // In two parts it is waived as a whole, and stays so.
    let rest = Reduction {
        kind: AdjustmentKind::Waiver.into(),
        line_number: 1,
        ..off(10_000)
    };
    let free = app.adjust(&edited, rest).await.expect("waived");
    let request = EditBillRequest {
        content: Some(again(&free, price(20_000))),
        ..app.edit_request(&free)
    };
    let edited = app.edit(request).await.expect("edited");
    assert_eq!(due(&edited), (0, 0, BillStatus::Paid));
    app.finish().await;
}

#[tokio::test]
async fn r03_words_on_a_bill_of_nothing_can_be_edited_and_on_a_paid_one_not() {
    let app = TestApp::start().await;
    let session = app.missed(Outcome::NoShow).await;
    let waive = app.waive_request(&session);
    app.sessions().waive_session(waive).await.expect("waived");
    let free = app.issue_of(&session).await;
    assert_eq!(due(&free), (0, 0, BillStatus::Paid));
    let words = |bill: &Bill| EditBillRequest {
        comments: Some("We hope you are well again".to_owned()),
        ..app.edit_request(bill)
    };
    let edited = app.edit(words(&free)).await.expect("edited");
    assert_eq!(edited.comments, "We hope you are well again");
    app.cancel(&edited).await;
    let cancelled = app.bill(&edited).await;
    assert_eq!(reason(app.edit(words(&cancelled)).await), "BILL_CANCELLED");

    let paid = app.issue(4_000, 0).await;
    let partly = app.adjust(&paid, off(1_000)).await.expect("adjusted");
    app.post(&app.payment(3_000, &[(&partly, 3_000)])).await;
    let paid = app.bill(&paid).await;
    assert_eq!(reason(app.edit(words(&paid)).await), "BILL_HAS_PAYMENTS");
    app.finish().await;
}

#[tokio::test]
async fn r06_every_adjustment_is_announced_and_so_is_its_end() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let adjusted = app.adjust(&bill, off(1_000)).await.expect("adjusted");
    let mut content = again(&adjusted, price(5_000));
    content.reductions = vec![off(500)];
    let request = EditBillRequest {
        content: Some(content),
        ..app.edit_request(&adjusted)
    };
    app.edit(request).await.expect("edited");
    let count = async |name: &str| {
        app.count_events(&format!("evenkeel.billing.v1.{name}"))
            .await
    };
    assert_eq!(count("BillAdjusted").await, 2, "by itself, and by the edit");
    assert_eq!(
        count("AdjustmentReversed").await,
        1,
        "the edit ended the first"
    );
    app.cancel(&bill).await;
    assert_eq!(
        count("AdjustmentReversed").await,
        2,
        "the end of the bill the other"
    );
    app.finish().await;
}
