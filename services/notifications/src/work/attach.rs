//! The documents that go with letters.

use super::gather::Gather;
use super::trouble::Trouble;
use crate::letter::Document;
use ::rpc::parse;
use ids::{MessageId, PaymentId, ShareId};
use proto::billing::v1::document_service_client::DocumentServiceClient;
use proto::billing::v1::{Bill, DownloadBillRequest, DownloadReceiptRequest};
use proto::google::api::HttpBody;

impl Gather<'_> {
    /// None when nothing is attached. It is asked for at each try, as what the letter says is, so both say the same;
    /// billing keeps what it answers.
    pub(super) async fn bill_pdf(
        &self,
        bill: &Bill,
        attached: Option<ShareId>,
    ) -> Result<Option<Document>, Trouble> {
        let Some(share) = attached else {
            return Ok(None);
        };
        let request = DownloadBillRequest {
            practice_id: self.practice.to_string(),
            bill_id: bill.bill_id.clone(),
            share_id: share.to_string(),
        };
        let documents = || DocumentServiceClient::new(self.notifications.billing.clone());
        let made = self
            .ask(async || documents().download_bill(request.clone()).await)
            .await?;
        Ok(Some(Document {
            file_name: format!("Bill-{}.pdf", bill.number),
            bytes: pdf(made.body)?,
        }))
    }

    /// Kept by billing as bills are, for the mail.
    pub(super) async fn receipt_pdf(
        &self,
        mail: MessageId,
        payment: PaymentId,
    ) -> Result<Vec<u8>, Trouble> {
        let request = DownloadReceiptRequest {
            practice_id: self.practice.to_string(),
            payment_id: payment.to_string(),
            message_id: mail.to_string(),
        };
        let documents = || DocumentServiceClient::new(self.notifications.billing.clone());
        let made = self
            .ask(async || documents().download_receipt(request.clone()).await)
            .await?;
        pdf(made.body)
    }
}

pub(super) fn pdf(body: Option<HttpBody>) -> Result<Vec<u8>, Trouble> {
    let bytes = parse::required(body, "body")?.data;
    if bytes.starts_with(b"%PDF-") {
        return Ok(bytes.to_vec());
    }
    Err(Trouble::Later("billing made no PDF".to_owned()))
}
