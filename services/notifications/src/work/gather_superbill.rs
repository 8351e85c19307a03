use super::attach::pdf;
use super::gather::Gather;
use super::trouble::Trouble;
use crate::domain::letter::Letter;
use crate::letter::Document;
use ids::DocumentId;
use jiff::civil::Date;
use proto::billing::v1::DownloadMonthlySuperbillRequest;
use proto::billing::v1::document_service_client::DocumentServiceClient;

impl Gather<'_> {
    /// The PDF is that of the month's end, however often the mail is tried.
    pub(super) async fn superbill(
        &self,
        document: DocumentId,
        (month, without_pdf): (Date, bool),
    ) -> Result<(Letter, Option<Document>), Trouble> {
        let letter = Letter::Superbill {
            month,
            has_pdf: !without_pdf,
        };
        if without_pdf {
            return Ok((letter, None));
        }
        let request = DownloadMonthlySuperbillRequest {
            practice_id: self.practice.to_string(),
            document_id: document.to_string(),
        };
        let documents = || DocumentServiceClient::new(self.notifications.billing.clone());
        let made = self
            .ask(async || {
                documents()
                    .download_monthly_superbill(request.clone())
                    .await
            })
            .await?;
        let file_name = format!("Superbill-{}.pdf", month.strftime("%Y-%m"));
        let bytes = pdf(made.body)?;
        Ok((letter, Some(Document { file_name, bytes })))
    }
}
