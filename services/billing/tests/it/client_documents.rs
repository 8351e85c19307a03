use crate::app::{TODAY, TestApp, minor, reason};
use proto::billing::v1::document_service_client::DocumentServiceClient;
use proto::billing::v1::{
    BillStatus, CancelBillRequest, ClientDocument, ClientDocumentKind, ListClientDocumentsRequest,
    ListClientDocumentsResponse,
};
use testkit::request_id;
use tonic::Status;

impl TestApp {
    fn documents_request(&self) -> ListClientDocumentsRequest {
        ListClientDocumentsRequest {
            practice_id: self.practice.to_string(),
            client_id: self.client.to_string(),
            ..ListClientDocumentsRequest::default()
        }
    }

    async fn client_documents(
        &self,
        request: ListClientDocumentsRequest,
    ) -> Result<ListClientDocumentsResponse, Status> {
        let mut documents = DocumentServiceClient::new(self.owner_of(self.practice));
        Ok(documents.list_client_documents(request).await?.into_inner())
    }
}

fn kinds(documents: &[ClientDocument]) -> Vec<ClientDocumentKind> {
    let mut kinds: Vec<_> = documents.iter().map(|document| document.kind()).collect();
    kinds.sort_unstable();
    kinds
}

#[tokio::test]
async fn r08_a_clients_documents_are_what_is_pending_billed_and_paid() {
    use ClientDocumentKind::{Bill, Pending, Receipt};
    let app = TestApp::start().await;
    app.session(app.practice, app.client, 15_000).await;
    let open = app.issue(10_000, 0).await;
    let cancelled = app.issue(4_000, 0).await;
    let cancel = CancelBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: cancelled.bill_id,
        reason: String::new(),
    };
    app.bills().cancel_bill(cancel).await.expect("cancelled");
    app.post(&app.payment(3_000, &[(&open, 3_000)])).await;
    let (other, _) = app.insured_client(app.practice).await;
    app.session(app.practice, other, 1_000).await;

    let all = app
        .client_documents(app.documents_request())
        .await
        .expect("listed");
    assert_eq!(
        kinds(&all.documents),
        [Pending, Pending, Bill, Bill, Receipt]
    );
    assert_eq!(all.total_count, 5);
    assert_eq!(
        minor(&all.total_pending),
        19_000,
        "a cancelled bill's session is pending again"
    );
    assert_eq!(minor(&all.total_client_balance), 7_000);
    let bill = all
        .documents
        .iter()
        .find(|document| document.number == open.number);
    let bill = bill.expect("the open bill");
    assert_eq!(
        (bill.document_id.as_str(), bill.status()),
        (open.bill_id.as_str(), BillStatus::Open)
    );
    assert_eq!(
        (minor(&bill.amount), minor(&bill.client_balance)),
        (10_000, 7_000)
    );
    assert_eq!(bill.date, Some(TODAY));

    let receipts = ListClientDocumentsRequest {
        kinds: vec![Receipt.into()],
        ..app.documents_request()
    };
    let receipts = app.client_documents(receipts).await.expect("listed");
    assert_eq!(
        (kinds(&receipts.documents), receipts.total_count),
        (vec![Receipt], 1)
    );
    app.finish().await;
}

#[tokio::test]
async fn r08_a_clients_documents_come_page_by_page_and_for_the_practice_alone() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        app.issue(1_000, 0).await;
    }
    let mut request = ListClientDocumentsRequest {
        page_size: 2,
        ..app.documents_request()
    };
    let mut seen = std::collections::BTreeSet::new();
    loop {
        let page = app.client_documents(request.clone()).await.expect("listed");
        assert!(page.documents.len() <= 2);
        seen.extend(
            page.documents
                .into_iter()
                .map(|document| document.document_id),
        );
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 5, "each once");

    let stranger = ids::PracticeId::new(&app.clock);
    app.register(stranger).await;
    let (theirs, _) = app.insured_client(stranger).await;
    let foreign = ListClientDocumentsRequest {
        client_id: theirs.to_string(),
        ..app.documents_request()
    };
    assert_eq!(
        reason(app.client_documents(foreign).await),
        "CLIENT_NOT_FOUND"
    );
    app.finish().await;
}
