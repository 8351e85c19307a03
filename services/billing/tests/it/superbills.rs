use crate::adjustments::off;
use crate::app::{TODAY, TestApp, minor, reason};
use crate::documents::{decision, says};
use ids::PracticeId;
use proto::billing::v1::document_service_client::DocumentServiceClient;
use proto::billing::v1::reduction::Extent;
use proto::billing::v1::{
    AddClinicianRequest, AdjustmentKind, Bill, CancelBillRequest, Clinician,
    DownloadSuperbillRequest, GetSuperbillRequest, GetSuperbillResponse, IssueBillRequest,
    LineTerms, Outcome, Reduction, ServiceLine, Session, SessionToBill, SuperbillDocument,
    SuperbillGap,
};
use proto::google::r#type::Date;
use testkit::{pdf_text, request_id};

impl TestApp {
    async fn licensed(&self) -> String {
        let request = AddClinicianRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            clinician: Some(Clinician {
                name: "Amara Okafor, LCSW".to_owned(),
                npi: "1588667638".to_owned(),
                licence: "LCSW-22841".to_owned(),
                ..Clinician::default()
            }),
        };
        let added = self.people().add_clinician(request).await.expect("added");
        let clinician = added.into_inner().clinician.expect("a clinician");
        clinician.clinician_id
    }

    async fn recorded(&self, change: impl FnOnce(&mut Session)) -> Session {
        let mut request = self.session_request().await;
        change(request.session.as_mut().expect("a session"));
        self.record(request).await
    }

    async fn billed(&self, sessions: &[&Session], insurance: i64) -> Bill {
        let policy_id = if insurance > 0 {
            self.policy.to_string()
        } else {
            String::new()
        };
        let request = IssueBillRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: self.client.to_string(),
            sessions: sessions
                .iter()
                .map(|session| SessionToBill {
                    session_id: session.session_id.clone(),
                    line_terms: vec![LineTerms {
                        line_number: 1,
                        insurance_share: Some(crate::app::usd(insurance)),
                        ..LineTerms::default()
                    }],
                    ..SessionToBill::default()
                })
                .collect(),
            policy_id,
            ..IssueBillRequest::default()
        };
        let issued = self.bills().issue_bill(request).await.expect("issued");
        issued.into_inner().bill.expect("a bill")
    }

    fn superbill_request(&self, bill: &Bill) -> GetSuperbillRequest {
        GetSuperbillRequest {
            practice_id: self.practice.to_string(),
            client_id: self.client.to_string(),
            bill_id: bill.bill_id.clone(),
            from_date: None,
            to_date: None,
        }
    }

    fn month(&self) -> GetSuperbillRequest {
        GetSuperbillRequest {
            practice_id: self.practice.to_string(),
            client_id: self.client.to_string(),
            bill_id: String::new(),
            from_date: Some(Date { day: 1, ..TODAY }),
            to_date: Some(Date { day: 31, ..TODAY }),
        }
    }

    async fn superbill(&self, request: GetSuperbillRequest) -> GetSuperbillResponse {
        let read = self.documents().get_superbill(request).await.expect("read");
        read.into_inner()
    }

    async fn superbill_pdf(&self, request: GetSuperbillRequest) -> Vec<u8> {
        let request = DownloadSuperbillRequest {
            practice_id: request.practice_id,
            client_id: request.client_id,
            bill_id: request.bill_id,
            from_date: request.from_date,
            to_date: request.to_date,
        };
        let answer = self.documents().download_superbill(request).await;
        let answer = answer.expect("rendered");
        let name = answer.metadata().get("content-disposition");
        let name = name.and_then(|name| name.to_str().ok()).expect("a name");
        assert!(name.starts_with("inline; filename=\"Superbill-"), "{name}");
        let mut pieces = answer.into_inner();
        let mut whole = Vec::new();
        while let Some(piece) = pieces.message().await.expect("a piece") {
            let body = piece.body.expect("a body");
            assert_eq!(body.content_type, "application/pdf");
            whole.extend_from_slice(&body.data);
        }
        assert!(whole.starts_with(b"%PDF"));
        for promise in ["pdfuaid", "/MarkInfo", "/StructTreeRoot"] {
            let mut windows = whole.windows(promise.len());
            assert!(
                windows.any(|bytes| bytes == promise.as_bytes()),
                "{promise}"
            );
        }
        whole
    }
}

fn document(superbill: &GetSuperbillResponse) -> &SuperbillDocument {
    superbill.document.as_ref().expect("a document")
}

fn gaps(superbill: &GetSuperbillResponse) -> Vec<SuperbillGap> {
    superbill
        .warnings
        .iter()
        .map(|warning| warning.gap())
        .collect()
}

/// A bill of two sessions with $40 of $150 for the client, partly paid by both sides, beside a bill of a missed session
/// and one of something sold.
async fn partly_paid(app: &TestApp) -> Bill {
    let licensed = app.licensed().await;
    let first = app
        .recorded(|session| session.clinician_id.clone_from(&licensed))
        .await;
    let second = app
        .recorded(|session| {
            session.clinician_id.clone_from(&licensed);
            session.diagnosis_codes = vec!["F33.1".to_owned(), "F41.1".to_owned()];
            session.place_of_service = "10".to_owned();
        })
        .await;
    let missed = app
        .recorded(|session| session.outcome = Outcome::NoShow.into())
        .await;
    let bill = app.billed(&[&first, &second], 11_000).await;
    app.billed(&[&missed], 0).await;
    let sold = app.bills().issue_bill(app.product_request(2_500)).await;
    sold.expect("issued");
    app.post(&app.payment(5_001, &[(&bill, 5_001)])).await;
    app.ledger()
        .record_insurer_payment(decision(app, &bill, (15_000, 8_000)))
        .await
        .expect("recorded");
    bill
}

#[tokio::test]
async fn r13_a_superbill_has_what_insurers_ask_for() {
    let app = TestApp::start().await;
    let bill = partly_paid(&app).await;
    let superbill = app.superbill(app.superbill_request(&bill)).await;
    let printed = document(&superbill);
    let codes: Vec<_> = printed
        .diagnoses
        .iter()
        .map(|diagnosis| (diagnosis.pointer.as_str(), diagnosis.code.as_str()))
        .collect();
    assert_eq!(codes, [("A", "F41.1"), ("B", "F43.10"), ("C", "F33.1")]);
    let pointers: Vec<_> = printed
        .lines
        .iter()
        .map(|line| line.diagnosis_pointers.concat())
        .collect();
    assert_eq!(pointers, ["AB", "CA"]);
    let line = &printed.lines[1];
    assert_eq!((line.service_code.as_str(), line.units), ("90837", 1));
    assert_eq!(line.modifiers, ["95", "GT"]);
    assert_eq!(
        (
            line.place_of_service.as_str(),
            line.place_of_service_name.as_str()
        ),
        ("10", "Telehealth provided in the patient's home")
    );
    let clinician = &printed.clinicians[0];
    assert_eq!(
        (clinician.npi.as_str(), clinician.licence.as_str()),
        ("1588667638", "LCSW-22841")
    );
    let policy = &printed.policies[0];
    assert_eq!(
        (policy.payer_name.as_str(), policy.member_number.as_str()),
        ("Aetna", "M1")
    );
    assert_eq!(
        gaps(&superbill),
        [
            SuperbillGap::PracticeNpi,
            SuperbillGap::PracticeTaxId,
            SuperbillGap::BirthDate
        ]
    );
    app.finish().await;
}

#[tokio::test]
async fn r13_a_superbill_says_what_was_paid_of_each_service_to_the_cent() {
    let app = TestApp::start().await;
    let bill = partly_paid(&app).await;
    let superbill = app.superbill(app.superbill_request(&bill)).await;
    let money: Vec<_> = document(&superbill)
        .lines
        .iter()
        .map(|line| {
            let parts = [
                &line.client_paid,
                &line.insurance_paid,
                &line.adjusted,
                &line.balance,
            ];
            let parts = parts.map(minor);
            assert_eq!(parts.iter().sum::<i64>(), minor(&line.charge));
            parts
        })
        .collect();
    assert_eq!(
        money,
        [[2_501, 7_500, 3_500, 1_499], [2_500, 7_500, 3_500, 1_500]],
        "the odd cent is the first line's"
    );
    let balance = document(&superbill).balance.as_ref().expect("a balance");
    assert_eq!(balance.text, "Balance: $29.99");

    let pdf = app.superbill_pdf(app.superbill_request(&bill)).await;
    assert_eq!(
        app.superbill_pdf(app.superbill_request(&bill)).await,
        pdf,
        "the same bytes"
    );
    for told in [
        "F41.1",
        "F33.1",
        "90837 · 95 · GT",
        "Amara Okafor, LCSW",
        "LCSW-22841",
        "1588667638",
        "Aetna",
        "$25.01",
        "Balance: $29.99",
        "Telehealth provided in the patient's home",
    ] {
        assert!(says(&pdf, told), "{told} in {}", pdf_text(&pdf));
    }
    assert!(!says(&pdf, "missing"), "warnings are for the practice");
    app.finish().await;
}

/// Paid by the client, adjusted and left of each line.
fn of_lines(superbill: &GetSuperbillResponse) -> Vec<[i64; 3]> {
    let lines = document(superbill).lines.iter();
    lines
        .map(|line| [&line.client_paid, &line.adjusted, &line.balance].map(minor))
        .collect()
}

#[tokio::test]
async fn r13_what_was_waived_or_taken_off_one_session_is_not_told_of_another() {
    let app = TestApp::start().await;
    let (first, second) = (app.recorded(|_| ()).await, app.recorded(|_| ()).await);
    let bill = app.billed(&[&first, &second], 0).await;
    let waiver = Reduction {
        kind: AdjustmentKind::Waiver.into(),
        line_number: 1,
        extent: Some(Extent::Whole(true)),
        ..off(0)
    };
    app.adjust(&bill, waiver).await.expect("waived");
    let open = app.superbill(app.superbill_request(&bill)).await;
    assert_eq!(of_lines(&open), [[0, 15_000, 0], [0, 0, 15_000]]);
    app.post(&app.payment(15_000, &[(&bill, 15_000)])).await;
    let paid = app.superbill(app.superbill_request(&bill)).await;
    assert_eq!(of_lines(&paid), [[0, 15_000, 0], [15_000, 0, 0]]);

    // A discount on a line stays there, one on the bill is both lines', and what was taken back is nobody's.
    let (first, second) = (app.recorded(|_| ()).await, app.recorded(|_| ()).await);
    let bill = app.billed(&[&first, &second], 0).await;
    let of_second = Reduction {
        line_number: 2,
        ..off(5_000)
    };
    app.adjust(&bill, of_second).await.expect("adjusted");
    let bill = app.adjust(&bill, off(2_500)).await.expect("adjusted");
    let both = app.superbill(app.superbill_request(&bill)).await;
    assert_eq!(of_lines(&both), [[0, 1_500, 13_500], [0, 6_000, 9_000]]);
    app.reverse(&bill, 0).await.expect("taken back");
    let one = app.superbill(app.superbill_request(&bill)).await;
    assert_eq!(of_lines(&one), [[0, 1_250, 13_750], [0, 1_250, 13_750]]);
    app.finish().await;
}

#[tokio::test]
async fn r13_a_waived_fee_beside_a_session_takes_nothing_of_what_was_paid_for_it() {
    let app = TestApp::start().await;
    let missed = app.missed(Outcome::NoShow).await;
    let waive = app.waive_request(&missed);
    app.sessions().waive_session(waive).await.expect("waived");
    let came = app.recorded(|_| ()).await;
    let bill = app.billed(&[&missed, &came], 0).await;
    app.post(&app.payment(15_000, &[(&bill, 15_000)])).await;
    let superbill = app.superbill(app.superbill_request(&bill)).await;
    assert_eq!(of_lines(&superbill), [[15_000, 0, 0]]);
    let balance = document(&superbill).balance.as_ref().expect("a balance");
    assert_eq!(balance.text, "Balance: $0.00");
    app.finish().await;
}

#[tokio::test]
async fn r13_a_monthly_superbill_has_the_days_of_the_month_on_bills_that_stand() {
    let app = TestApp::start().await;
    let nothing = app.documents().get_superbill(app.month()).await;
    assert_eq!(reason(nothing), "NO_BILLED_SERVICES");
    let days = |days: i64| {
        let seconds = app.clock.now().as_second() + days * 86_400;
        move |session: &mut Session| {
            session.start_time = Some(prost_types::Timestamp { seconds, nanos: 0 });
        }
    };
    let (inside, before) = (app.recorded(days(0)).await, app.recorded(days(-3)).await);
    let unbilled = app.recorded(days(0)).await;
    let one = app.billed(&[&inside], 0).await;
    app.billed(&[&before], 0).await;
    let cancelled = app.billed(&[&unbilled], 0).await;
    let cancel = CancelBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: cancelled.bill_id.clone(),
        reason: "wrong".to_owned(),
    };
    app.bills().cancel_bill(cancel).await.expect("cancelled");

    let superbill = app.superbill(app.month()).await;
    let lines = &document(&superbill).lines;
    let numbers: Vec<_> = lines.iter().map(|line| line.bill_number.clone()).collect();
    assert_eq!(numbers, [one.number.to_string()]);
    assert_eq!(
        document(&superbill).policies.len(),
        1,
        "what the client has"
    );
    app.superbill_pdf(app.month()).await;
    let of_cancelled = app.superbill_request(&cancelled);
    assert_eq!(
        reason(app.documents().get_superbill(of_cancelled).await),
        "BILL_CANCELLED"
    );
    app.finish().await;
}

#[tokio::test]
async fn r13_what_insurers_will_miss_is_told_in_the_data() {
    let app = TestApp::start().await;
    let session = app
        .recorded(|session| {
            session.diagnosis_codes.clear();
            session.place_of_service.clear();
        })
        .await;
    let bill = app.billed(&[&session], 0).await;
    let superbill = app.superbill(app.superbill_request(&bill)).await;
    assert_eq!(
        gaps(&superbill),
        [
            SuperbillGap::PracticeNpi,
            SuperbillGap::PracticeTaxId,
            SuperbillGap::BirthDate,
            SuperbillGap::ClinicianNpi,
            SuperbillGap::ClinicianLicence,
            SuperbillGap::Diagnosis,
            SuperbillGap::PlaceOfService,
        ]
    );
    assert_eq!(
        superbill.warnings[3].text,
        "The NPI of Dr. Maya Rivera, PhD is missing."
    );
    app.superbill_pdf(app.superbill_request(&bill)).await;
    app.finish().await;
}

#[tokio::test]
async fn r13_a_superbill_that_cannot_be_is_refused_with_its_reason() {
    let app = TestApp::start().await;
    let sold = app.bills().issue_bill(app.product_request(2_500)).await;
    let sold = sold.expect("issued").into_inner().bill.expect("a bill");
    let of_sold = app.superbill_request(&sold);
    let both = GetSuperbillRequest {
        bill_id: sold.bill_id.clone(),
        ..app.month()
    };
    let neither = GetSuperbillRequest {
        bill_id: String::new(),
        ..of_sold.clone()
    };
    let half = GetSuperbillRequest {
        to_date: None,
        ..app.month()
    };
    let backwards = GetSuperbillRequest {
        from_date: app.month().to_date,
        to_date: app.month().from_date,
        ..app.month()
    };
    let (other, _) = app.insured_client(app.practice).await;
    let anothers = GetSuperbillRequest {
        client_id: other.to_string(),
        ..of_sold.clone()
    };
    for (request, expected) in [
        (of_sold, "NO_BILLED_SERVICES"),
        (both, "INVALID_FIELD"),
        (neither, "INVALID_FIELD"),
        (half, "INVALID_FIELD"),
        (backwards, "INVALID_FIELD"),
        (anothers, "BILL_NOT_FOUND"),
    ] {
        let refused = app.documents().get_superbill(request.clone()).await;
        assert_eq!(reason(refused), expected, "{request:?}");
    }
    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let theirs = GetSuperbillRequest {
        practice_id: stranger.to_string(),
        ..app.month()
    };
    let refused = DocumentServiceClient::new(app.owner_of(stranger))
        .get_superbill(theirs)
        .await;
    assert_eq!(reason(refused), "CLIENT_NOT_FOUND");
    app.finish().await;
}

/// A session of several services has a line for each on its superbill.
#[tokio::test]
async fn r13_every_service_of_a_session_has_its_line() {
    let app = TestApp::start().await;
    let session = app
        .recorded(|session| {
            let first = session.lines[0].clone();
            session.lines.push(ServiceLine {
                service_code: "90785".to_owned(),
                description: "Interactive complexity".to_owned(),
                units: 2,
                ..first
            });
        })
        .await;
    let request = IssueBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: app.client.to_string(),
        sessions: vec![SessionToBill {
            session_id: session.session_id.clone(),
            ..SessionToBill::default()
        }],
        ..IssueBillRequest::default()
    };
    let issued = app.bills().issue_bill(request).await.expect("issued");
    let bill = issued.into_inner().bill.expect("a bill");
    let superbill = app.superbill(app.superbill_request(&bill)).await;
    let lines: Vec<_> = document(&superbill)
        .lines
        .iter()
        .map(|line| (line.service_code.as_str(), line.units, minor(&line.charge)))
        .collect();
    assert_eq!(lines, [("90837", 1, 15_000), ("90785", 2, 30_000)]);
    app.finish().await;
}
