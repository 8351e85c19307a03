use crate::app::{TestApp, minor, reason};
use crate::documents::pdf;
use futures::future::join_all;
use ids::{MessageId, PracticeId, ShareId};
use proto::billing::v1::document_service_client::DocumentServiceClient;
use proto::billing::v1::{
    Bill, DownloadBillRequest, DownloadReceiptRequest, DownloadSharedDocumentRequest,
    ListSharedDocumentsRequest, PostPaymentRequest, SharedDocument,
};
use rpc::{Claims, Connection, Role};
use sha2::{Digest as _, Sha256};

impl TestApp {
    fn as_notifications(&self) -> DocumentServiceClient<Connection> {
        DocumentServiceClient::new(self.connection(|claims| Claims {
            sub: "service:notifications".to_owned(),
            role: Role::Service,
            ..claims
        }))
    }

    fn sent_with(&self, bill: &Bill, share: &str) -> DownloadBillRequest {
        DownloadBillRequest {
            share_id: share.to_owned(),
            ..self.bill_pdf(bill)
        }
    }

    async fn mailed(&self, bill: &Bill, share: &str) -> Vec<u8> {
        let request = self.sent_with(bill, share);
        let answer = self.as_notifications().download_bill(request).await;
        pdf(answer.expect("rendered"), |answer| answer.body)
    }

    async fn sent(&self, bill: &str, client: &str) -> Vec<SharedDocument> {
        let request = ListSharedDocumentsRequest {
            practice_id: self.practice.to_string(),
            bill_id: bill.to_owned(),
            client_id: client.to_owned(),
        };
        let listed = self.documents().list_shared_documents(request).await;
        listed.expect("listed").into_inner().documents
    }

    async fn kept(&self, share: &str) -> Vec<u8> {
        let request = DownloadSharedDocumentRequest {
            practice_id: self.practice.to_string(),
            share_id: share.to_owned(),
            ..DownloadSharedDocumentRequest::default()
        };
        let answer = self.documents().download_shared_document(request).await;
        pdf(answer.expect("kept"), |answer| answer.body)
    }

    fn file(&self, share: &str, sha256: &str) -> DownloadSharedDocumentRequest {
        DownloadSharedDocumentRequest {
            practice_id: self.practice.to_string(),
            share_id: share.to_owned(),
            sha256: sha256.to_owned(),
        }
    }

    /// The first try to send had one file, the next one another: both are kept, and the last is what is given.
    async fn replaced(&self, share: &str, bill: &Bill, (first, last): (&[u8], &[u8])) {
        assert_ne!(first, last);
        assert_eq!(self.kept(share).await, last);
        let listed = self.sent(&bill.bill_id, "").await;
        let listed: Vec<_> = listed
            .iter()
            .map(|sent| (sent.share_id.as_str(), sent.sha256.clone(), sent.replaced))
            .collect();
        assert_eq!(
            listed,
            [(share, hash(last), false), (share, hash(first), true)]
        );
        let mut documents = self.documents();
        let older = self.file(share, &hash(first));
        let older = documents.download_shared_document(older).await;
        assert_eq!(pdf(older.expect("kept"), |answer| answer.body), first);
        let unknown = self.file(share, &hash(b"another"));
        let refused = documents.download_shared_document(unknown).await;
        assert_eq!(reason(refused), "SHARE_NOT_FOUND");
        let wrong = self.file(share, "0G");
        let refused = documents.download_shared_document(wrong).await;
        assert_eq!(reason(refused), "INVALID_FIELD");
    }

    async fn mailed_receipt(&self, payment: &PostPaymentRequest, mail: &str) -> Vec<u8> {
        let request = self.receipt_for(payment, mail);
        let answer = self.as_notifications().download_receipt(request).await;
        pdf(answer.expect("rendered"), |answer| answer.body)
    }

    fn receipt_for(&self, payment: &PostPaymentRequest, mail: &str) -> DownloadReceiptRequest {
        DownloadReceiptRequest {
            practice_id: self.practice.to_string(),
            payment_id: payment.payment_id.clone(),
            message_id: mail.to_owned(),
        }
    }

    fn new_mail(&self) -> String {
        MessageId::new(&self.clock).to_string()
    }

    fn new_share(&self) -> String {
        ShareId::new(&self.clock).to_string()
    }
}

fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn r15_what_was_sent_stays_as_it_was_sent() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let (first, second) = (app.new_share(), app.new_share());
    let sent = app.mailed(&bill, &first).await;
    app.post(&app.payment(1_000, &[(&bill, 1_000)])).await;
    assert_eq!(minor(&app.bill(&bill).await.client_balance), 3_000);
    assert_ne!(app.pdf_of(&bill).await, sent, "the bill has changed");
    let again = app.mailed(&bill, &second).await;
    assert_ne!(again, sent, "shared again, as it is now");
    assert_eq!(app.kept(&first).await, sent);
    assert_eq!(app.kept(&second).await, again);

    let of_bill = app.sent(&bill.bill_id, "").await;
    let shares: Vec<_> = of_bill.iter().map(|sent| sent.share_id.clone()).collect();
    assert_eq!(shares, [second.clone(), first.clone()], "newest first");
    assert!(of_bill.iter().all(|sent| !sent.replaced));
    let oldest = &of_bill[1];
    assert_eq!(oldest.sha256, hash(&sent));
    assert_eq!(usize::try_from(oldest.size_bytes), Ok(sent.len()));
    assert_eq!(oldest.file_name, "Bill-1.pdf");
    assert_eq!(app.sent("", &app.client.to_string()).await, of_bill);
    app.finish().await;
}

#[tokio::test]
async fn r15_the_same_file_sent_twice_is_kept_once() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let (first, second) = (app.new_share(), app.new_share());
    assert_eq!(
        app.mailed(&bill, &first).await,
        app.mailed(&bill, &second).await
    );
    let kept: i64 = sqlx::query_scalar("select count(*) from billing.document_bytes")
        .fetch_one(app.db.owner_pool())
        .await
        .expect("counted");
    assert_eq!(kept, 1);
    assert_eq!(app.sent(&bill.bill_id, "").await.len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn r15_two_who_send_at_once_send_the_same_bytes() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let share = app.new_share();
    let pay = app.payment(1_000, &[(&bill, 1_000)]);
    let sent = join_all((0..6).map(|_| app.mailed(&bill, &share))).await;
    assert!(sent.iter().all(|bytes| *bytes == sent[0]));
    assert_eq!(app.kept(&share).await, sent[0]);
    assert_eq!(app.sent(&bill.bill_id, "").await.len(), 1);

    // While the bill changes, what each of them sends is kept.
    let (sent, _) = tokio::join!(
        join_all((0..6).map(|_| app.mailed(&bill, &share))),
        app.post(&pay)
    );
    let kept = app.sent(&bill.bill_id, "").await;
    for bytes in sent {
        assert!(kept.iter().any(|kept| kept.sha256 == hash(&bytes)));
    }
    app.finish().await;
}

#[tokio::test]
async fn r15_only_what_notifications_sends_is_kept() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let share = app.new_share();
    let request = app.sent_with(&bill, &share);
    app.documents()
        .download_bill(request)
        .await
        .expect("rendered");
    assert_eq!(app.sent(&bill.bill_id, "").await, []);
    let unknown = DownloadSharedDocumentRequest {
        practice_id: app.practice.to_string(),
        share_id: share.clone(),
        ..DownloadSharedDocumentRequest::default()
    };
    let refused = app.documents().download_shared_document(unknown).await;
    assert_eq!(reason(refused), "SHARE_NOT_FOUND");

    app.mailed(&bill, &share).await;
    let other = app.issue(2_000, 0).await;
    let of_other = app.sent_with(&other, &share);
    let refused = app.as_notifications().download_bill(of_other).await;
    assert_eq!(reason(refused), "INVALID_FIELD");
    let nothing = ListSharedDocumentsRequest {
        practice_id: app.practice.to_string(),
        ..ListSharedDocumentsRequest::default()
    };
    let refused = app.documents().list_shared_documents(nothing).await;
    assert_eq!(reason(refused), "INVALID_FIELD");
    app.finish().await;
}

#[tokio::test]
async fn r41_what_was_sent_is_for_the_practice_alone() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let share = app.new_share();
    app.mailed(&bill, &share).await;
    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let mut theirs = DocumentServiceClient::new(app.owner_of(stranger));
    let request = DownloadSharedDocumentRequest {
        practice_id: stranger.to_string(),
        share_id: share,
        ..DownloadSharedDocumentRequest::default()
    };
    assert_eq!(
        reason(theirs.download_shared_document(request).await),
        "SHARE_NOT_FOUND"
    );
    let request = ListSharedDocumentsRequest {
        practice_id: stranger.to_string(),
        bill_id: bill.bill_id.clone(),
        client_id: String::new(),
    };
    assert_eq!(
        reason(theirs.list_shared_documents(request).await),
        "BILL_NOT_FOUND"
    );
    app.finish().await;
}

#[tokio::test]
async fn r15_a_receipt_that_was_mailed_stays_as_it_was_sent() {
    let app = TestApp::start().await;
    let (bill, other) = (app.issue(4_000, 0).await, app.issue(2_000, 0).await);
    let payment = app.payment(1_000, &[(&bill, 1_000)]);
    app.post(&payment).await;
    let (mail, share) = (app.new_mail(), app.new_share());
    let sent = app.mailed_receipt(&payment, &mail).await;
    app.refund(&payment, 300).await;
    let now = app.mailed_receipt(&payment, &app.new_mail()).await;
    assert_ne!(now, sent, "the refund is on it");
    assert_eq!(app.kept(&mail).await, sent);

    app.clock.advance(jiff::SignedDuration::from_secs(1));
    app.mailed(&bill, &share).await;
    let listed = app.sent(&bill.bill_id, "").await;
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0].share_id, share, "newest first");
    let receipt = listed.iter().find(|sent| sent.share_id == mail);
    let receipt = receipt.expect("the receipt");
    assert_eq!(
        (receipt.payment_id.as_str(), receipt.bill_id.as_str()),
        (payment.payment_id.as_str(), "")
    );
    assert!(receipt.file_name.starts_with("Receipt-"));
    assert_eq!(usize::try_from(receipt.size_bytes), Ok(sent.len()));
    assert_eq!(app.sent("", &app.client.to_string()).await, listed);
    assert_eq!(app.sent(&other.bill_id, "").await, [], "not paid by it");
    app.finish().await;
}

#[tokio::test]
async fn r15_a_receipt_is_kept_for_its_own_payment_and_mail_once() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let (first, second) = (
        app.payment(1_000, &[(&bill, 1_000)]),
        app.payment(500, &[(&bill, 500)]),
    );
    app.post(&first).await;
    let mail = app.new_mail();
    let mut owner = app.documents();
    let shown = owner.download_receipt(app.receipt_for(&first, &mail)).await;
    pdf(shown.expect("rendered"), |answer| answer.body);
    assert_eq!(app.sent(&bill.bill_id, "").await, [], "nobody sent it");

    app.post(&second).await;
    let sent = join_all((0..6).map(|_| app.mailed_receipt(&first, &mail))).await;
    assert!(sent.iter().all(|bytes| *bytes == sent[0]));
    assert_eq!(app.kept(&mail).await, sent[0]);
    let mut sender = app.as_notifications();
    let refused = sender
        .download_receipt(app.receipt_for(&second, &mail))
        .await;
    assert_eq!(reason(refused), "INVALID_FIELD");

    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let theirs = DownloadSharedDocumentRequest {
        practice_id: stranger.to_string(),
        share_id: mail,
        ..DownloadSharedDocumentRequest::default()
    };
    let mut documents = DocumentServiceClient::new(app.owner_of(stranger));
    assert_eq!(
        reason(documents.download_shared_document(theirs).await),
        "SHARE_NOT_FOUND"
    );
    app.finish().await;
}

#[tokio::test]
async fn r15_a_mail_that_is_tried_again_takes_along_what_the_bill_says_by_then() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let share = app.new_share();
    let first = app.mailed(&bill, &share).await;
    app.clock.advance(jiff::SignedDuration::from_mins(1));
    assert_eq!(
        app.mailed(&bill, &share).await,
        first,
        "nothing has changed"
    );
    assert_eq!(app.sent(&bill.bill_id, "").await.len(), 1);
    app.post(&app.payment(1_000, &[(&bill, 1_000)])).await;
    let last = app.mailed(&bill, &share).await;
    assert_eq!(last, app.pdf_of(&bill).await, "as the letter says it");
    assert_eq!(app.mailed(&bill, &share).await, last);
    app.replaced(&share, &bill, (&first, &last)).await;
    app.finish().await;
}

#[tokio::test]
async fn r15_a_receipt_that_is_tried_again_says_what_is_true_by_then() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let payment = app.payment(1_000, &[(&bill, 1_000)]);
    app.post(&payment).await;
    let mail = app.new_mail();
    let first = app.mailed_receipt(&payment, &mail).await;
    app.clock.advance(jiff::SignedDuration::from_mins(1));
    assert_eq!(app.mailed_receipt(&payment, &mail).await, first);
    app.refund(&payment, 300).await;
    let last = app.mailed_receipt(&payment, &mail).await;
    app.replaced(&mail, &bill, (&first, &last)).await;
    app.finish().await;
}
