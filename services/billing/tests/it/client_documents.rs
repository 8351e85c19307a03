use crate::app::{TODAY, TestApp, minor, reason};
use crate::terms::automatic;
use proto::billing::v1::document_service_client::DocumentServiceClient;
use proto::billing::v1::{
    Automation, BillStatus, CancelBillRequest, ClientDocument, ClientDocumentKind,
    ListClientDocumentsRequest, ListClientDocumentsResponse,
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

/// Every document of a list, page by page.
async fn all_pages(
    app: &TestApp,
    mut request: ListClientDocumentsRequest,
) -> Vec<(ClientDocumentKind, String, i64)> {
    let mut seen = Vec::new();
    loop {
        let page = app.client_documents(request.clone()).await.expect("listed");
        assert_eq!(page.total_count, 8, "on every page");
        for document in page.documents {
            let key = match request.order_by.trim_end_matches(" desc") {
                "number" => document.number,
                "client_balance" => minor(&document.client_balance),
                "amount" => minor(&document.amount),
                _ => document.date.map_or(0, |date| {
                    i64::from(date.year * 10_000 + date.month * 100 + date.day)
                }),
            };
            seen.push((document.kind(), document.document_id, key));
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return seen;
        }
    }
}

#[tokio::test]
async fn r08_a_clients_documents_are_listed_in_each_order_with_superbills_page_by_page() {
    let app = TestApp::start().await;
    app.complete().await;
    app.monthly(automatic(Automation::Daily)).await;
    app.hour_of(app.client).await;
    app.until("2026-04-01T12:00:00Z").await;
    let superbill = app.superbills().await.remove(0);
    let (first, second) = (app.issue(4_000, 0).await, app.issue(9_000, 0).await);
    app.post(&app.payment(2_500, &[(&first, 2_500)])).await;
    app.post(&app.payment(9_000, &[(&second, 9_000)])).await;
    app.session(app.practice, app.client, 7_000).await;
    app.session(app.practice, app.client, 2_500).await;

    let newest = all_pages(&app, app.documents_request()).await;
    let kept = newest
        .iter()
        .find(|(kind, ..)| *kind == ClientDocumentKind::Superbill);
    let (_, id, day) = kept.expect("the superbill");
    assert_eq!((id, *day), (&superbill.document_id, 20_260_331));
    for column in ["date", "number", "client_balance", "amount"] {
        for (order_by, descending) in [(column.to_owned(), false), (format!("{column} desc"), true)]
        {
            let request = ListClientDocumentsRequest {
                page_size: 3,
                order_by: order_by.clone(),
                ..app.documents_request()
            };
            let mut listed = all_pages(&app, request).await;
            if descending {
                listed.reverse();
            }
            assert!(
                listed.is_sorted_by_key(|(_, _, key)| *key),
                "{order_by}: {listed:?}"
            );
            let mut ids: Vec<_> = listed.into_iter().map(|(_, id, _)| id).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), 8, "{order_by}: each once");
        }
    }
    let by_day = ListClientDocumentsRequest {
        order_by: "date desc".to_owned(),
        ..app.documents_request()
    };
    assert_eq!(
        all_pages(&app, by_day).await,
        newest,
        "unless told otherwise"
    );
    let unknown = ListClientDocumentsRequest {
        order_by: "due_date".to_owned(),
        ..app.documents_request()
    };
    assert_eq!(reason(app.client_documents(unknown).await), "INVALID_FIELD");
    let page = ListClientDocumentsRequest {
        page_size: 3,
        order_by: "amount".to_owned(),
        ..app.documents_request()
    };
    let first = app.client_documents(page.clone()).await.expect("listed");
    let other = ListClientDocumentsRequest {
        page_token: first.next_page_token,
        order_by: "amount desc".to_owned(),
        ..page
    };
    assert_eq!(
        reason(app.client_documents(other).await),
        "PAGE_TOKEN_INVALID"
    );
    app.finish().await;
}
