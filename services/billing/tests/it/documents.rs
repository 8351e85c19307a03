use crate::app::{TODAY, TestApp, minor, reason, usd};
use ids::PracticeId;
use proto::billing::v1::document_service_client::DocumentServiceClient;
use proto::billing::v1::{
    AddContactRequest, ApplyCreditRequest, Bill, CancelBillRequest, Contact, DownloadBillRequest,
    DownloadReceiptRequest, DownloadStatementRequest, GetStatementRequest, GetStatementResponse,
    InsurerDecision, PostPaymentRequest, RecordInsurerPaymentRequest, ShareBillRequest,
};
use proto::google::api::HttpBody;
use proto::google::r#type::Date;
use proto::portal_auth::v1::access_code_service_server::{
    AccessCodeService, AccessCodeServiceServer,
};
use proto::portal_auth::v1::{
    IssueAccessCodeRequest, IssueAccessCodeResponse, RevealAccessCodeRequest,
    RevealAccessCodeResponse,
};
use rpc::Connection;
use testkit::request_id;
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
    fn documents(&self) -> DocumentServiceClient<Connection> {
        DocumentServiceClient::new(self.owner_of(self.practice))
    }

    fn bill_pdf(&self, bill: &Bill) -> DownloadBillRequest {
        DownloadBillRequest {
            practice_id: self.practice.to_string(),
            bill_id: bill.bill_id.clone(),
        }
    }

    async fn pdf_of(&self, bill: &Bill) -> Vec<u8> {
        let request = self.bill_pdf(bill);
        let answer = self.documents().download_bill(request).await;
        pdf(answer.expect("rendered"), |answer| answer.body)
    }

    async fn receipt_of(&self, payment: &PostPaymentRequest) -> Vec<u8> {
        let request = DownloadReceiptRequest {
            practice_id: self.practice.to_string(),
            payment_id: payment.payment_id.clone(),
        };
        let answer = self.documents().download_receipt(request).await;
        pdf(answer.expect("rendered"), |answer| answer.body)
    }

    fn statement_request(&self, from: Option<Date>, to: Option<Date>) -> GetStatementRequest {
        GetStatementRequest {
            practice_id: self.practice.to_string(),
            client_id: self.client.to_string(),
            from_date: from,
            to_date: to,
        }
    }

    async fn statement(&self, from: Option<Date>, to: Option<Date>) -> GetStatementResponse {
        let request = self.statement_request(from, to);
        let read = self.documents().get_statement(request).await.expect("read");
        let statement = read.into_inner();
        let mut balance = minor(&statement.opening_balance);
        for movement in &statement.movements {
            balance += minor(&movement.amount);
            assert_eq!(minor(&movement.balance), balance, "{movement:?}");
        }
        assert_eq!(minor(&statement.closing_balance), balance, "it adds up");
        statement
    }

    async fn share(&self, bill: &Bill) {
        let request = ShareBillRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.bill_id.clone(),
            without_pdf: false,
        };
        self.bills().share_bill(request).await.expect("shared");
    }
}

/// The PDF of an answer that browsers show, save under a name and do not keep.
fn pdf<R>(answer: Response<R>, body: impl Fn(R) -> Option<HttpBody>) -> Vec<u8> {
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

fn has(data: &[u8], text: &str) -> bool {
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
    };
    assert_eq!(
        reason(app.documents().download_receipt(unknown).await),
        "PAYMENT_NOT_FOUND"
    );
    app.finish().await;
}

fn decision(
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

/// Two bills paid with $10 too much, a decision that frees $15, credit for a third bill, and $15 given back.
async fn history(app: &TestApp) -> [Bill; 3] {
    let (first, second) = (app.issue(4_000, 11_000).await, app.issue(6_000, 0).await);
    let payment = PostPaymentRequest {
        receive_date: Some(Date { day: 3, ..TODAY }),
        ..app.payment(11_000, &[(&first, 4_000), (&second, 6_000)])
    };
    app.post(&payment).await;
    app.ledger()
        .record_insurer_payment(decision(app, &first, (7_500, 2_500)))
        .await
        .expect("recorded");
    let third = app.issue(2_000, 0).await;
    let credit = ApplyCreditRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: third.bill_id.clone(),
        amount: Some(usd(2_000)),
    };
    app.ledger().apply_credit(credit).await.expect("applied");
    app.refund(&payment, 1_500).await;
    [first, second, third]
}

const LAST_DAY: Date = Date { day: 31, ..TODAY };

#[tokio::test]
async fn r14_a_statement_tells_what_happened_and_ends_at_the_ledgers_balance() {
    let app = TestApp::start().await;
    let bills = history(&app).await;
    let statement = app.statement(None, Some(LAST_DAY)).await;
    let told: Vec<_> = statement
        .movements
        .iter()
        .map(|movement| (movement.description.as_str(), minor(&movement.amount)))
        .collect();
    let [first, second, third] =
        bills.map(|bill| format!("Bill {} · Invoice # {}", bill.number, bill.reference));
    assert_eq!(
        told,
        [
            (first.as_str(), 4_000),
            (second.as_str(), 6_000),
            (third.as_str(), 2_000),
            ("Refund · of Visa ending in 4242", 1_500),
            (
                "Payment, thank you · Visa ending in 4242 for bills 1, 2",
                -11_000
            ),
            ("Insurance decision on bill 1 · Aetna", -1_500),
        ]
    );
    let balance = app.balance().await;
    let owed_less_credit = minor(&balance.owed) - minor(&balance.credit);
    assert_eq!(minor(&statement.closing_balance), owed_less_credit);
    app.finish().await;
}

#[tokio::test]
async fn r14_statements_of_two_periods_are_the_statement_of_both() {
    let app = TestApp::start().await;
    history(&app).await;
    let whole = app.statement(None, Some(LAST_DAY)).await;
    let first = app
        .statement(Some(Date { day: 1, ..TODAY }), Some(TODAY))
        .await;
    let second = app
        .statement(Some(Date { day: 3, ..TODAY }), Some(LAST_DAY))
        .await;
    assert_eq!(first.closing_balance, second.opening_balance);
    assert_eq!(second.closing_balance, whole.closing_balance);
    let both: Vec<_> = first.movements.iter().chain(&second.movements).collect();
    assert_eq!(both, whole.movements.iter().collect::<Vec<_>>());
    let today = app.statement(None, None).await;
    assert_eq!(today.closing_balance, first.closing_balance, "until today");

    let request = DownloadStatementRequest {
        practice_id: app.practice.to_string(),
        client_id: app.client.to_string(),
        from_date: None,
        to_date: Some(LAST_DAY),
    };
    let answer = app.documents().download_statement(request.clone()).await;
    let printed = pdf(answer.expect("rendered"), |answer| answer.body);
    let again = app.documents().download_statement(request).await;
    assert_eq!(pdf(again.expect("rendered"), |answer| answer.body), printed);
    app.finish().await;
}

#[tokio::test]
async fn r14_a_statement_of_nothing_is_nothing_and_one_that_cannot_be_is_refused() {
    let app = TestApp::start().await;
    let nothing = app.statement(None, None).await;
    assert_eq!(nothing.movements, []);
    assert_eq!(minor(&nothing.closing_balance), 0);
    let empty = DownloadStatementRequest {
        practice_id: app.practice.to_string(),
        client_id: app.client.to_string(),
        from_date: None,
        to_date: None,
    };
    let answer = app.documents().download_statement(empty).await;
    pdf(answer.expect("rendered"), |answer| answer.body);

    let backwards = app.statement_request(Some(Date { day: 3, ..TODAY }), None);
    assert_eq!(
        reason(app.documents().get_statement(backwards).await),
        "INVALID_FIELD"
    );
    let nobodys = GetStatementRequest {
        client_id: "cli_01j2jv5gymfay8vvr14d2pf2db".to_owned(),
        ..app.statement_request(None, None)
    };
    assert_eq!(
        reason(app.documents().get_statement(nobodys).await),
        "CLIENT_NOT_FOUND"
    );
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
