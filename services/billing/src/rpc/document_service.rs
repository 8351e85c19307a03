use crate::ops::letter::Pdf;
use crate::{Billing, ops, wire};
use ::rpc::{enter, parse};
use proto::billing::v1::document_service_server::DocumentService;
use proto::billing::v1::{
    DownloadBillRequest, DownloadBillResponse, DownloadReceiptRequest, DownloadReceiptResponse,
    DownloadStatementRequest, DownloadStatementResponse, GetStatementRequest, GetStatementResponse,
};
use proto::google::api::HttpBody;
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl DocumentService for Billing {
    async fn download_bill(
        &self,
        request: Request<DownloadBillRequest>,
    ) -> Result<Response<DownloadBillResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let bill = parse(&asked.bill_id, "bill_id")?;
        let pdf = ops::download_bill::download_bill(self, &caller, practice, bill).await?;
        Ok(attached(pdf, |body| DownloadBillResponse {
            body: Some(body),
        }))
    }

    async fn download_receipt(
        &self,
        request: Request<DownloadReceiptRequest>,
    ) -> Result<Response<DownloadReceiptResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let payment = parse(&asked.payment_id, "payment_id")?;
        let pdf = ops::download_receipt::download_receipt(self, &caller, practice, payment).await?;
        Ok(attached(pdf, |body| DownloadReceiptResponse {
            body: Some(body),
        }))
    }

    async fn download_statement(
        &self,
        request: Request<DownloadStatementRequest>,
    ) -> Result<Response<DownloadStatementResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let whose = (practice, parse(&asked.client_id, "client_id")?);
        let period = wire::document::period(asked.from_date, asked.to_date)?;
        let pdf = ops::download_statement::download_statement(self, &caller, whose, period).await?;
        Ok(attached(pdf, |body| DownloadStatementResponse {
            body: Some(body),
        }))
    }

    async fn get_statement(
        &self,
        request: Request<GetStatementRequest>,
    ) -> Result<Response<GetStatementResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let whose = (practice, parse(&asked.client_id, "client_id")?);
        let period = wire::document::period(asked.from_date, asked.to_date)?;
        let statement = ops::get_statement::get_statement(self, &caller, whose, period).await?;
        Ok(Response::new(wire::document::statement(&statement)))
    }
}

/// A PDF that a browser shows, saves under its name and keeps nowhere else.
fn attached<R>(pdf: Pdf, response: impl FnOnce(HttpBody) -> R) -> Response<R> {
    let disposition = format!("inline; filename=\"{}\"", pdf.file_name);
    let mut response = Response::new(response(wire::document::body(pdf)));
    let metadata = response.metadata_mut();
    if let Ok(disposition) = MetadataValue::try_from(disposition) {
        metadata.insert("content-disposition", disposition);
    }
    metadata.insert(
        "cache-control",
        MetadataValue::from_static("private, no-store"),
    );
    response
}
