use crate::adjustments::off;
use crate::app::{TODAY, TestApp, reason, usd};
use ids::PracticeId;
use proto::billing::v1::document_service_client::DocumentServiceClient;
use proto::billing::v1::{
    AddContactRequest, AdjustmentKind, Bill, BillDocument, CancelBillRequest, Contact,
    DownloadBillRequest, DownloadReceiptRequest, GetBillDocumentRequest, GetReceiptRequest,
    GetStatementRequest, InsurerDecision, PostPaymentRequest, PostRefundRequest, ReceiptDocument,
    RecordInsurerPaymentRequest, Reduction, ShareBillRequest, reduction,
};
use proto::google::api::HttpBody;
use proto::google::r#type::Date;
use proto::portal_auth::v1::access_code_service_server::{
    AccessCodeService, AccessCodeServiceServer,
};
use proto::portal_auth::v1::{
    IssueAccessCodeRequest, IssueAccessCodeResponse, ReissueAccessCodeRequest,
    ReissueAccessCodeResponse, RevealAccessCodeRequest, RevealAccessCodeResponse,
};
use rpc::Connection;
use testkit::{pdf_text, request_id};
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt as _;

/// portal-auth as billing sees it: it has this code, or none.
struct Codes(Option<&'static str>);

#[tonic::async_trait]
impl AccessCodeService for Codes {
    async fn issue_access_code(
        &self,
        _: Request<IssueAccessCodeRequest>,
    ) -> Result<Response<IssueAccessCodeResponse>, Status> {
        Err(Status::permission_denied("billing prints codes only"))
    }

    async fn reissue_access_code(
        &self,
        _: Request<ReissueAccessCodeRequest>,
    ) -> Result<Response<ReissueAccessCodeResponse>, Status> {
        Err(Status::permission_denied("billing prints codes only"))
    }

    async fn reveal_access_code(
        &self,
        _: Request<RevealAccessCodeRequest>,
    ) -> Result<Response<RevealAccessCodeResponse>, Status> {
        let code = self.0.ok_or_else(|| Status::not_found("no live code"))?;
        Ok(Response::new(RevealAccessCodeResponse {
            access_code: code.to_owned(),
            link_token: "0".repeat(32),
            reference: "K7M2-9QXD".to_owned(),
        }))
    }
}

impl TestApp {
    pub fn documents(&self) -> DocumentServiceClient<Connection> {
        DocumentServiceClient::new(self.owner_of(self.practice))
    }

    pub fn bill_pdf(&self, bill: &Bill) -> DownloadBillRequest {
        DownloadBillRequest {
            practice_id: self.practice.to_string(),
            bill_id: bill.bill_id.clone(),
            share_id: String::new(),
        }
    }

    pub async fn pdf_of(&self, bill: &Bill) -> Vec<u8> {
        let request = self.bill_pdf(bill);
        let answer = self.documents().download_bill(request).await;
        pdf(answer.expect("rendered"), |answer| answer.body)
    }

    async fn receipt_of(&self, payment: &PostPaymentRequest) -> Vec<u8> {
        let request = DownloadReceiptRequest {
            practice_id: self.practice.to_string(),
            payment_id: payment.payment_id.clone(),
            ..DownloadReceiptRequest::default()
        };
        let answer = self.documents().download_receipt(request).await;
        pdf(answer.expect("rendered"), |answer| answer.body)
    }

    async fn bill_document(&self, bill: &Bill) -> BillDocument {
        let request = GetBillDocumentRequest {
            practice_id: self.practice.to_string(),
            bill_id: bill.bill_id.clone(),
        };
        let read = self.documents().get_bill_document(request).await;
        read.expect("read")
            .into_inner()
            .document
            .expect("a document")
    }

    async fn receipt_document(&self, payment: &PostPaymentRequest) -> ReceiptDocument {
        let request = GetReceiptRequest {
            practice_id: self.practice.to_string(),
            payment_id: payment.payment_id.clone(),
        };
        let read = self.documents().get_receipt(request).await;
        read.expect("read")
            .into_inner()
            .document
            .expect("a document")
    }

    async fn share(&self, bill: &Bill) {
        let request = ShareBillRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.bill_id.clone(),
            ..ShareBillRequest::default()
        };
        self.bills().share_bill(request).await.expect("shared");
    }
}

/// The PDF of an answer that browsers show, save under a name and do not keep.
pub fn pdf<R>(answer: Response<R>, body: impl Fn(R) -> Option<HttpBody>) -> Vec<u8> {
    let header = |name| {
        answer
            .metadata()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    assert_eq!(header("cache-control"), Some("private, no-store"));
    let disposition = header("content-disposition").expect("a name");
    assert!(
        disposition.starts_with("inline; filename=\"") && disposition.ends_with(".pdf\""),
        "{disposition}"
    );
    let body = body(answer.into_inner()).expect("a body");
    assert_eq!(body.content_type, "application/pdf");
    assert!(body.data.starts_with(b"%PDF"));
    assert!(has(&body.data, "/MarkInfo"), "it is tagged");
    assert!(has(&body.data, "pdfuaid"), "it says that it is accessible");
    body.data.to_vec()
}

/// Whether a PDF prints this, wherever its lines break.
pub fn says(pdf: &[u8], told: &str) -> bool {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    bare(&pdf_text(pdf)).contains(&bare(told))
}

pub fn has(data: &[u8], text: &str) -> bool {
    data.windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn r11_a_bill_is_a_tagged_pdf_of_the_same_bytes_every_time() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 11_000).await;
    let first = app.pdf_of(&bill).await;
    assert_eq!(app.pdf_of(&bill).await, first);
    app.post(&app.payment(1_000, &[(&bill, 1_000)])).await;
    assert_ne!(app.pdf_of(&bill).await, first, "it says what was paid");
    let answer = app.documents().download_bill(app.bill_pdf(&bill)).await;
    let answer = answer.expect("rendered");
    assert_eq!(
        answer.metadata().get("content-disposition"),
        Some(&"inline; filename=\"Bill-1.pdf\"".parse().expect("a value"))
    );
    app.finish().await;
}

pub fn decision(
    app: &TestApp,
    bill: &Bill,
    (paid, client_owes): (i64, i64),
) -> RecordInsurerPaymentRequest {
    RecordInsurerPaymentRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        paid: Some(usd(paid)),
        decision: Some(InsurerDecision {
            client_owes: Some(usd(client_owes)),
        }),
        receive_date: Some(Date { day: 4, ..TODAY }),
        check_number: "EFT 77".to_owned(),
        note: String::new(),
    }
}

#[tokio::test]
async fn r11_a_bill_in_every_state_can_be_printed() {
    let app = TestApp::start().await;
    let sold = app.bills().issue_bill(app.product_request(2_500)).await;
    let sold = sold.expect("issued").into_inner().bill.expect("a bill");
    app.pdf_of(&sold).await;
    let cancel = CancelBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: sold.bill_id.clone(),
        reason: "returned".to_owned(),
    };
    app.bills().cancel_bill(cancel).await.expect("cancelled");
    app.pdf_of(&sold).await;

    let bill = app.issue(4_000, 11_000).await;
    let payment = app.payment(4_000, &[(&bill, 4_000)]);
    app.post(&payment).await;
    app.ledger()
        .record_insurer_payment(decision(&app, &bill, (7_500, 2_500)))
        .await
        .expect("recorded");
    app.pdf_of(&bill).await;
    app.refund(&payment, 4_000).await;
    app.pdf_of(&bill).await;
    app.finish().await;
}

#[tokio::test]
async fn r11_a_shared_bill_is_printed_with_its_access_code_while_something_is_due() {
    let portal_auth = testkit::serve(Routes::new(AccessCodeServiceServer::new(Codes(Some(
        "402918",
    )))))
    .await;
    let app = TestApp::start_beside(&portal_auth.url()).await;
    let bill = app.issue(4_000, 0).await;
    let plain = app.pdf_of(&bill).await;
    app.share(&bill).await;
    let shared = app.pdf_of(&bill).await;
    assert_ne!(shared, plain);
    let link = format!("https://pay.example/pay/K7M2-9QXD#{}", "0".repeat(32));
    assert!(has(&shared, &link), "the link can be followed");
    app.post(&app.payment(4_000, &[(&bill, 4_000)])).await;
    let paid = app.pdf_of(&bill).await;
    assert!(
        !has(&paid, "https://pay.example"),
        "there is nothing to pay"
    );
    app.finish().await;
}

#[tokio::test]
async fn r11_without_a_live_code_a_shared_bill_is_printed_without_it() {
    let portal_auth = testkit::serve(Routes::new(AccessCodeServiceServer::new(Codes(None)))).await;
    let app = TestApp::start_beside(&portal_auth.url()).await;
    let bill = app.issue(4_000, 0).await;
    let plain = app.pdf_of(&bill).await;
    app.share(&bill).await;
    assert_eq!(app.pdf_of(&bill).await, plain);
    app.finish().await;
}

#[tokio::test]
async fn r11_while_portal_auth_is_away_a_shared_bill_is_asked_for_again_later() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    app.share(&bill).await;
    let refused = app.documents().download_bill(app.bill_pdf(&bill)).await;
    let refused = refused.expect_err("no code can be read");
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(refused.get_details_retry_info().is_some());
    assert_eq!(reason::<()>(Err(refused)), "PORTAL_AUTH");
    app.finish().await;
}

#[tokio::test]
async fn r12_a_receipt_tells_where_the_money_went_and_what_is_left() {
    let app = TestApp::start().await;
    let (first, second) = (app.issue(4_000, 0).await, app.issue(6_000, 0).await);
    let part = app.payment(3_000, &[(&first, 3_000)]);
    app.post(&part).await;
    let left = app.receipt_of(&part).await;
    assert_eq!(app.receipt_of(&part).await, left, "the same bytes");
    let rest = app.payment(8_000, &[(&first, 1_000), (&second, 6_000)]);
    app.post(&rest).await;
    app.receipt_of(&rest).await;
    assert_ne!(app.receipt_of(&part).await, left, "nothing is due any more");
    app.refund(&rest, 2_000).await;
    app.receipt_of(&rest).await;

    let unknown = DownloadReceiptRequest {
        practice_id: app.practice.to_string(),
        payment_id: "pay_01j2jv5gymfay8vvr14d2pf2db".to_owned(),
        ..DownloadReceiptRequest::default()
    };
    assert_eq!(
        reason(app.documents().download_receipt(unknown).await),
        "PAYMENT_NOT_FOUND"
    );
    app.finish().await;
}

#[tokio::test]
async fn r12_a_receipt_of_money_that_went_back_says_so_and_is_not_stamped_paid() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let payment = app.payment(4_000, &[(&bill, 4_000)]);
    app.post(&payment).await;
    assert_eq!(app.receipt_document(&payment).await.mark, "PAID");
    let sentence = async || {
        let balance = app.receipt_document(&payment).await.balance;
        balance.expect("a balance").sentence
    };
    app.refund(&payment, 1_000).await;
    assert_eq!(sentence().await, "$10.00 was given back. $10.00 is due.");
    let rest = PostRefundRequest {
        to_credit: true,
        ..app.refund_request(&payment, 500)
    };
    let mut payments = app.as_payments();
    payments.post_refund(rest).await.expect("booked");
    app.refund(&payment, 2_500).await;
    app.cancel(&bill).await;

    let receipt = app.receipt_document(&payment).await;
    assert_eq!(receipt.mark, "", "nothing of it pays anything");
    assert_eq!(
        sentence().await,
        "$35.00 was given back. $5.00 was moved to your credit. Nothing is due."
    );
    let totals: Vec<_> = receipt
        .totals
        .iter()
        .map(|row| (row.label.as_str(), crate::app::minor(&row.amount)))
        .collect();
    assert_eq!(
        totals,
        [
            ("Received", 4_000),
            ("Given back", -3_500),
            ("Moved to credit", -500),
            ("Applied to bills", 0),
            ("Balance:", 0),
        ]
    );
    let printed = app.receipt_of(&payment).await;
    for told in ["$35.00 was given back.", "Refunded", "Balance: $0.00"] {
        assert!(says(&printed, told), "{told} in {}", pdf_text(&printed));
    }
    assert!(!says(&printed, "PAID") && !says(&printed, "Thank you"));
    app.finish().await;
}

#[tokio::test]
async fn r11_a_bill_goes_to_the_billing_contact() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let to_client = app.pdf_of(&bill).await;
    let contact = AddContactRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: app.client.to_string(),
        contact: Some(Contact {
            given_name: "Annabella".to_owned(),
            family_name: "Byron".to_owned(),
            billing_contact: true,
            ..Contact::default()
        }),
    };
    app.people().add_contact(contact).await.expect("added");
    assert_ne!(app.pdf_of(&bill).await, to_client);
    app.finish().await;
}

#[tokio::test]
async fn r41_documents_are_for_the_practice_alone() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let mut theirs = DocumentServiceClient::new(app.owner_of(stranger));
    let request = DownloadBillRequest {
        practice_id: stranger.to_string(),
        ..app.bill_pdf(&bill)
    };
    assert_eq!(
        reason(theirs.download_bill(request).await),
        "BILL_NOT_FOUND"
    );
    let request = GetStatementRequest {
        practice_id: stranger.to_string(),
        ..app.statement_request(None, None)
    };
    assert_eq!(
        reason(theirs.get_statement(request).await),
        "CLIENT_NOT_FOUND"
    );
    app.finish().await;
}

#[tokio::test]
async fn r11_a_bill_is_read_as_it_is_printed() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 11_000).await;
    app.post(&app.payment(1_000, &[(&bill, 1_000)])).await;
    let document = app.bill_document(&bill).await;
    let printed = app.pdf_of(&bill).await;
    assert_eq!(document.number, bill.number.to_string());
    assert_eq!(document.reference, bill.reference);
    assert_eq!(document.client_name, "Ada Lovelace");
    assert_eq!(document.payments[0].method_text, "Visa ending in 4242");
    let totals: Vec<_> = document
        .totals
        .iter()
        .map(|total| (total.label.as_str(), crate::app::minor(&total.amount)))
        .collect();
    assert_eq!(
        totals,
        [
            ("Charges", 15_000),
            ("Insurance responsibility", -11_000),
            ("Client responsibility", 4_000),
            ("Payments", -1_000),
            ("Balance:", 3_000),
        ]
    );
    let balance = document.balance.expect("a balance");
    assert_eq!(balance.text, "Balance: $30.00");
    let line = &document.lines[0];
    for told in [
        balance.text.as_str(),
        balance.sentence.as_str(),
        document.reference.as_str(),
        line.description.as_str(),
        line.clinician_name.as_str(),
        "90837 · 95 · GT",
        "Visa ending in 4242",
        "Insurance responsibility",
        "−$110.00",
    ] {
        assert!(says(&printed, told), "{told} in {}", pdf_text(&printed));
    }
    app.finish().await;
}

#[tokio::test]
async fn r12_a_paid_bill_says_that_its_balance_is_zero_and_nothing_is_due() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let payment = app.payment(5_000, &[(&bill, 4_000)]);
    app.post(&payment).await;
    let document = app.bill_document(&bill).await;
    let balance = document.balance.expect("a balance");
    assert_eq!(
        (balance.text.as_str(), document.mark.as_str()),
        ("Balance: $0.00", "PAID")
    );
    let printed = app.pdf_of(&bill).await;
    for told in ["Balance: $0.00", "Nothing is due.", "PAID"] {
        assert!(says(&printed, told), "{told}");
    }
    let receipt = app.receipt_document(&payment).await;
    assert_eq!(crate::app::minor(&receipt.credit), 1_000);
    assert_eq!(receipt.applied[0].reference, bill.reference);
    let printed = app.receipt_of(&payment).await;
    for told in [
        receipt.number.as_str(),
        "Received from",
        "Kept as credit for later bills",
        "Balance: $0.00",
        "Nothing is due.",
    ] {
        assert!(says(&printed, told), "{told}");
    }
    app.finish().await;
}

/// Something that costs nothing yields a document all the same.
#[tokio::test]
async fn r12_a_bill_of_nothing_says_that_nothing_is_due() {
    let app = TestApp::start().await;
    let mut request = app.bill_request(4_000, 0).await;
    let terms = &mut request.sessions[0].line_terms[0];
    terms.price = Some(usd(0));
    terms.insurance_share = None;
    let issued = app.bills().issue_bill(request).await.expect("issued");
    let bill = issued.into_inner().bill.expect("a bill");
    let document = app.bill_document(&bill).await;
    assert_eq!(document.mark, "NOTHING DUE");
    let balance = document.balance.expect("a balance");
    assert_eq!(balance.text, "Balance: $0.00");
    assert!(balance.sentence.contains("Nothing is due."), "{balance:?}");
    let printed = app.pdf_of(&bill).await;
    assert!(says(&printed, "Balance: $0.00") && says(&printed, "Nothing is due."));
    app.finish().await;
}

/// What was taken off stands on the bill and its statement in the words that the practice chose.
#[tokio::test]
async fn r06_a_free_session_and_a_discount_are_told_in_every_document() {
    let app = TestApp::start().await;
    let bill = app.issue(15_000, 0).await;
    let discount = Reduction {
        client_text: "Discount: first visit".to_owned(),
        ..off(2_000)
    };
    app.adjust(&bill, discount).await.expect("adjusted");
    let document = app.bill_document(&bill).await;
    let told = &document.adjustments[0];
    assert_eq!(told.label, "Discount: first visit");
    assert_eq!(crate::app::minor(&told.amount), -2_000);
    let printed = app.pdf_of(&bill).await;
    assert!(says(&printed, "Discount: first visit") && says(&printed, "−$20.00"));

    let waiver = Reduction {
        kind: AdjustmentKind::Waiver.into(),
        client_text: "Today's session is free".to_owned(),
        extent: Some(reduction::Extent::Whole(true)),
        ..off(0)
    };
    let free = app.issue(15_000, 0).await;
    app.adjust(&free, waiver).await.expect("adjusted");
    let document = app.bill_document(&free).await;
    assert_eq!(document.mark, "NOTHING DUE");
    assert_eq!(document.balance.expect("a balance").text, "Balance: $0.00");
    let printed = app.pdf_of(&free).await;
    for told in [
        "Today's session is free",
        "−$150.00",
        "Balance: $0.00",
        "Nothing is due.",
    ] {
        assert!(says(&printed, told), "{told} in {}", pdf_text(&printed));
    }
    let request = app.statement_request(None, None);
    let read = app.documents().get_statement(request).await;
    let totals = read.expect("read").into_inner().totals.expect("totals");
    assert_eq!(crate::app::minor(&totals.adjustments), -17_000);
    app.finish().await;
}
