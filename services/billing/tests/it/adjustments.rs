use crate::app::{TODAY, TestApp, due, minor, reason, usd};
use futures::future::join_all;
use proto::billing::v1::reduction::Extent;
use proto::billing::v1::{
    AdjustBillRequest, AdjustmentKind, AdjustmentReason, Bill, BillStatus, CancelBillRequest,
    GetStatementRequest, GetTrialBalanceRequest, InsurerDecision, RecordInsurerPaymentRequest,
    Reduction, ReverseAdjustmentRequest, document_service_client::DocumentServiceClient,
};
use testkit::request_id;
use tonic_types::StatusExt as _;

fn reduction(kind: AdjustmentKind, extent: Extent) -> Reduction {
    Reduction {
        kind: kind.into(),
        reason: AdjustmentReason::Courtesy.into(),
        line_number: 0,
        client_text: String::new(),
        extent: Some(extent),
    }
}

pub fn off(minor: i64) -> Reduction {
    reduction(AdjustmentKind::Discount, Extent::Amount(usd(minor)))
}

impl TestApp {
    fn adjust_request(&self, bill: &Bill, reduction: Reduction) -> AdjustBillRequest {
        AdjustBillRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.bill_id.clone(),
            reduction: Some(reduction),
        }
    }

    pub async fn adjust(&self, bill: &Bill, reduction: Reduction) -> Result<Bill, tonic::Status> {
        let request = self.adjust_request(bill, reduction);
        let adjusted = self.bills().adjust_bill(request).await?.into_inner();
        Ok(adjusted.bill.expect("a bill"))
    }

    pub async fn reverse(&self, bill: &Bill, at: usize) -> Result<Bill, tonic::Status> {
        let request = ReverseAdjustmentRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.bill_id.clone(),
            adjustment_id: bill.adjustments[at].adjustment_id.clone(),
        };
        let reversed = self.bills().reverse_adjustment(request).await?.into_inner();
        Ok(reversed.bill.expect("a bill"))
    }

    /// Debits less credits of a kind of account.
    async fn total_of(&self, kind: proto::billing::v1::AccountKind) -> i64 {
        let request = GetTrialBalanceRequest {
            practice_id: self.practice.to_string(),
        };
        let balance = self.ledger().get_trial_balance(request).await;
        let lines = balance.expect("read").into_inner().lines;
        let line = lines.iter().find(|line| line.account_kind() == kind);
        line.map_or(0, |line| minor(&line.debits) - minor(&line.credits))
    }
}

#[tokio::test]
async fn r06_a_discount_lowers_what_the_client_owes_and_is_told() {
    let app = TestApp::start().await;
    let bill = app.issue(15_000, 0).await;
    let tenth = reduction(AdjustmentKind::Discount, Extent::Percent("10".to_owned()));
    let adjusted = app.adjust(&bill, tenth).await.expect("adjusted");
    assert_eq!(due(&adjusted), (13_500, 0, BillStatus::Open));
    assert_eq!(minor(&adjusted.client_owes), 13_500);
    assert_eq!(minor(&adjusted.total), 15_000, "what it cost stays");
    let [taken] = adjusted.adjustments.as_slice() else {
        panic!("one adjustment");
    };
    assert_eq!(minor(&taken.amount), 1_500);
    let told = taken.reduction.as_ref().expect("what was asked");
    assert_eq!(told.client_text, "A discount was applied");
    assert_eq!(
        app.total_of(proto::billing::v1::AccountKind::Discounts)
            .await,
        1_500
    );
    let request = GetStatementRequest {
        practice_id: app.practice.to_string(),
        client_id: app.client.to_string(),
        ..GetStatementRequest::default()
    };
    let statement = DocumentServiceClient::new(app.owner_of(app.practice))
        .get_statement(request)
        .await
        .expect("read")
        .into_inner();
    let told = &statement.movements[1];
    assert_eq!(told.description, "A discount was applied · on bill 1");
    assert_eq!(minor(&told.amount), -1_500);
    assert_eq!(minor(&statement.closing_balance), 13_500);
    app.finish().await;
}

#[tokio::test]
async fn r06_a_waived_bill_owes_nothing_and_says_so() {
    let app = TestApp::start().await;
    let mut request = app.bill_request(15_000, 0).await;
    request.reductions = vec![Reduction {
        client_text: "Today's session is free".to_owned(),
        ..reduction(AdjustmentKind::Waiver, Extent::Whole(true))
    }];
    let issued = app.bills().issue_bill(request).await.expect("issued");
    let bill = issued.into_inner().bill.expect("a bill");
    assert_eq!(due(&bill), (0, 0, BillStatus::Paid));
    assert_eq!(bill, app.bill(&bill).await);
    let told = bill.adjustments[0]
        .reduction
        .as_ref()
        .expect("what was asked");
    assert_eq!(told.client_text, "Today's session is free");
    assert_eq!(
        app.total_of(proto::billing::v1::AccountKind::Waivers).await,
        15_000
    );
    app.finish().await;
}

#[tokio::test]
async fn r06_reductions_of_a_bill_are_taken_in_order_each_from_what_is_left() {
    let app = TestApp::start().await;
    let mut request = app.bill_request(10_000, 0).await;
    let percent = |text: &str| Extent::Percent(text.to_owned());
    request.reductions = vec![
        Reduction {
            line_number: 1,
            ..off(1_000)
        },
        reduction(AdjustmentKind::Discount, percent("50")),
    ];
    let issued = app
        .bills()
        .issue_bill(request.clone())
        .await
        .expect("issued");
    let bill = issued.into_inner().bill.expect("a bill");
    let taken: Vec<_> = bill
        .adjustments
        .iter()
        .map(|made| minor(&made.amount))
        .collect();
    assert_eq!((due(&bill).0, taken), (4_500, vec![1_000, 4_500]));

    let mut too_much = app.bill_request(10_000, 0).await;
    too_much.reductions = vec![Reduction {
        line_number: 1,
        ..off(10_001)
    }];
    let refused = app.bills().issue_bill(too_much).await;
    assert_eq!(reason(refused), "ADJUSTMENT_EXCEEDS_LINE");
    app.finish().await;
}

#[tokio::test]
async fn r06_a_wrong_line_in_one_of_several_reductions_is_named_with_its_place() {
    let app = TestApp::start().await;
    let field = |status: tonic::Status| {
        let violations = status.get_details_bad_request().expect("BadRequest");
        violations.field_violations[0].field.clone()
    };
    let mut request = app.bill_request(10_000, 0).await;
    // What was waived before is taken off first, and has no place among what is asked for.
    let waived = proto::billing::v1::WaiveSessionRequest {
        practice_id: app.practice.to_string(),
        request_id: testkit::request_id(),
        session_id: request.sessions[0].session_id.clone(),
        reason: AdjustmentReason::Courtesy.into(),
        ..Default::default()
    };
    app.sessions().waive_session(waived).await.expect("waived");
    request.products = app.product_request(5_000).products;
    let wrong = Reduction {
        line_number: 9,
        ..off(1)
    };
    request.reductions = vec![off(100), wrong.clone()];
    let refused = app.bills().issue_bill(request).await;
    assert_eq!(
        field(refused.expect_err("refused")),
        "reductions[1].line_number"
    );

    let bill = app.issue(10_000, 0).await;
    let mut edit = app.edit_request(&bill);
    edit.content = Some(proto::billing::v1::BillContent {
        products: app.product_request(5_000).products,
        reductions: vec![wrong.clone()],
        ..Default::default()
    });
    let refused = app.edit(edit).await;
    assert_eq!(
        field(refused.expect_err("refused")),
        "content.reductions[0].line_number"
    );
    let refused = app.adjust(&bill, wrong).await;
    assert_eq!(
        field(refused.expect_err("refused")),
        "reduction.line_number"
    );
    app.finish().await;
}

#[tokio::test]
async fn r06_what_cannot_be_taken_off_is_refused_with_its_reason() {
    let app = TestApp::start().await;
    let bill = app.issue(10_000, 0).await;
    let payment = app.payment(4_000, &[(&bill, 4_000)]);
    app.post(&payment).await;
    app.as_payments()
        .place_hold(app.hold(&bill, 1_000))
        .await
        .expect("held");
    let nothing = reduction(AdjustmentKind::Discount, Extent::Percent("0".to_owned()));
    let foreign = Extent::Amount(proto::money::v1::Money {
        currency_code: "EUR".to_owned(),
        minor_units: 100,
    });
    for (asked, expected) in [
        (off(5_001), "ADJUSTMENT_EXCEEDS_BALANCE"),
        (
            Reduction {
                line_number: 2,
                ..off(1)
            },
            "INVALID_FIELD",
        ),
        (
            Reduction {
                line_number: 1,
                ..off(10_001)
            },
            "ADJUSTMENT_EXCEEDS_LINE",
        ),
        (off(0), "INVALID_FIELD"),
        (nothing, "NOTHING_TO_ADJUST"),
        (
            reduction(AdjustmentKind::Waiver, foreign),
            "CURRENCY_MISMATCH",
        ),
        (
            reduction(AdjustmentKind::Waiver, Extent::Percent("101".to_owned())),
            "INVALID_FIELD",
        ),
        (
            Reduction {
                client_text: "4242 4242 4242 4242".to_owned(),
                ..off(1)
            },
            "CARD_NUMBER_IN_TEXT",
        ),
    ] {
        assert_eq!(reason(app.adjust(&bill, asked).await), expected);
    }
    assert_eq!(
        due(&app.bill(&bill).await).0,
        6_000,
        "nothing was half done"
    );
    let rest = reduction(AdjustmentKind::WriteOff, Extent::Whole(true));
    let written_off = app.adjust(&bill, rest).await.expect("adjusted");
    assert_eq!(due(&written_off).0, 1_000, "what is being paid is left");
    app.finish().await;
}

#[tokio::test]
async fn r06_an_adjustment_is_made_once_and_can_be_taken_back_once() {
    let app = TestApp::start().await;
    let bill = app.issue(10_000, 0).await;
    let request = app.adjust_request(&bill, off(2_000));
    let twins = join_all((0..4).map(|_| {
        let (mut bills, request) = (app.bills(), request.clone());
        async move {
            bills
                .adjust_bill(request)
                .await
                .expect("adjusted")
                .into_inner()
        }
    }))
    .await;
    let first = &twins[0];
    assert!(twins.iter().all(|twin| twin.adjustment == first.adjustment));
    let other = AdjustBillRequest {
        reduction: Some(off(1)),
        ..request
    };
    assert_eq!(
        reason(app.bills().adjust_bill(other).await),
        "REQUEST_ID_REUSED"
    );

    let adjusted = app.bill(&bill).await;
    let reversed = app.reverse(&adjusted, 0).await.expect("taken back");
    assert_eq!((due(&reversed).0, reversed.adjustments.len()), (10_000, 0));
    assert_eq!(
        reason(app.reverse(&adjusted, 0).await),
        "ADJUSTMENT_REVERSED"
    );
    assert_eq!(
        app.total_of(proto::billing::v1::AccountKind::Discounts)
            .await,
        0
    );
    app.finish().await;
}

#[tokio::test]
async fn r09_cancelling_an_adjusted_bill_takes_the_adjustment_back_too() {
    let app = TestApp::start().await;
    let bill = app.issue(10_000, 0).await;
    app.adjust(&bill, off(2_000)).await.expect("adjusted");
    let request = CancelBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        reason: "Wrong client".to_owned(),
    };
    let cancelled = app.bills().cancel_bill(request).await.expect("cancelled");
    let cancelled = cancelled.into_inner().bill.expect("a bill");
    assert_eq!(due(&cancelled), (0, 0, BillStatus::Cancelled));
    assert_eq!(
        app.total_of(proto::billing::v1::AccountKind::Discounts)
            .await,
        0
    );
    assert_eq!(
        app.total_of(proto::billing::v1::AccountKind::ServiceRevenue)
            .await,
        0
    );
    app.finish().await;
}

#[tokio::test]
async fn f07_payments_write_offs_and_cancelling_at_once_leave_honest_books() {
    let app = TestApp::start().await;
    for _ in 0..6 {
        let bill = app.issue(10_000, 0).await;
        let pay = {
            let (mut ledger, payment) = (app.as_payments(), app.payment(6_000, &[(&bill, 6_000)]));
            async move { ledger.post_payment(payment).await.map(drop) }
        };
        let offs = (0..3).map(|_| {
            let (mut bills, request) = (app.bills(), app.adjust_request(&bill, off(3_000)));
            async move { bills.adjust_bill(request).await.map(drop) }
        });
        let cancel = {
            let mut bills = app.bills();
            let request = CancelBillRequest {
                practice_id: app.practice.to_string(),
                request_id: request_id(),
                bill_id: bill.bill_id.clone(),
                reason: "Wrong client".to_owned(),
            };
            async move { bills.cancel_bill(request).await.map(drop) }
        };
        let (paid, taken, cancelled) = tokio::join!(pay, join_all(offs), cancel);
        paid.expect("money is never refused");
        let after = app.bill(&bill).await;
        let count = taken.iter().filter(|one| one.is_ok()).count();
        if cancelled.is_ok() {
            assert_eq!(due(&after), (0, 0, BillStatus::Cancelled));
        } else {
            assert_eq!(
                minor(&after.client_owes),
                10_000 - 3_000 * i64::try_from(count).expect("few")
            );
        }
        assert_eq!(app.violations().await, []);
    }
    app.finish().await;
}

#[tokio::test]
async fn r31_what_the_practice_took_off_stays_off_when_insurance_decides() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 11_000).await;
    let adjusted = app.adjust(&bill, off(1_000)).await.expect("adjusted");
    assert_eq!(due(&adjusted), (3_000, 11_000, BillStatus::Open));
    let decision = RecordInsurerPaymentRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        paid: Some(usd(7_500)),
        decision: Some(InsurerDecision {
            client_owes: Some(usd(4_000)),
        }),
        receive_date: Some(TODAY),
        ..RecordInsurerPaymentRequest::default()
    };
    app.ledger()
        .record_insurer_payment(decision)
        .await
        .expect("booked");
    let decided = app.bill(&bill).await;
    assert_eq!(due(&decided), (3_000, 0, BillStatus::Open));
    assert_eq!(reason(app.reverse(&decided, 0).await), "BILL_DECIDED");

    app.clock.advance(std::time::Duration::from_secs(60));
    let later = app.adjust(&bill, off(500)).await.expect("adjusted");
    let back = app
        .reverse(&later, 1)
        .await
        .expect("what came after can be undone");
    assert_eq!(due(&back).0, 3_000);
    app.finish().await;
}
