use super::request_key;
use crate::documents::Pdf;
use crate::ops::list_bills::PageAsked;
use crate::wire::{client_document, document, letterhead, printed, superbill};
use crate::{Billing, Error, ops};
use ::rpc::{Caller, enter, parse};
use ids::PracticeId;
use pg::Filter;
use proto::billing::v1::document_service_server::DocumentService;
use proto::billing::v1::{
    DownloadBillRequest, DownloadBillResponse, DownloadMonthlySuperbillRequest,
    DownloadMonthlySuperbillResponse, DownloadReceiptRequest, DownloadReceiptResponse,
    DownloadSharedDocumentRequest, DownloadSharedDocumentResponse, DownloadStatementRequest,
    DownloadStatementResponse, DownloadSuperbillRequest, DownloadSuperbillResponse,
    GetBillDocumentRequest, GetBillDocumentResponse, GetLetterheadRequest, GetLetterheadResponse,
    GetReceiptRequest, GetReceiptResponse, GetStatementRequest, GetStatementResponse,
    GetSuperbillRequest, GetSuperbillResponse, ListClientDocumentsRequest,
    ListClientDocumentsResponse, ListMonthlySuperbillsRequest, ListMonthlySuperbillsResponse,
    ListSharedDocumentsRequest, ListSharedDocumentsResponse, SetLetterheadRequest,
    SetLetterheadResponse, StreamStatementRequest, StreamStatementResponse,
};
use proto::google::api::HttpBody;
use std::fmt::Display;
use std::str::FromStr;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Request, Response, Status};

/// A PDF in pieces, which are all there when the first one goes.
type Pieces<R> = tokio_stream::Iter<std::vec::IntoIter<Result<R, Status>>>;

#[tonic::async_trait]
impl DocumentService for Billing {
    async fn download_bill(
        &self,
        request: Request<DownloadBillRequest>,
    ) -> Result<Response<DownloadBillResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let which = (practice, parse(&asked.bill_id, "bill_id")?);
        let share = sent_for(&caller, (&asked.share_id, "share_id"))?;
        let pdf = ops::download_bill::download_bill(self, &caller, which, share).await?;
        Ok(attached(pdf, |body| DownloadBillResponse {
            body: Some(body),
        }))
    }

    async fn list_client_documents(
        &self,
        request: Request<ListClientDocumentsRequest>,
    ) -> Result<Response<ListClientDocumentsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let filter = client_document::document_filter(&asked)?;
        let order = client_document::document_order(&asked.order_by).map_err(Error::Invalid)?;
        let sealed = ListClientDocumentsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListClientDocuments", &sealed),
        };
        let wanted = (&filter, order);
        let listed = ops::list_client_documents::list_client_documents(
            self, &caller, practice, wanted, page,
        );
        Ok(Response::new(client_document::document_page(listed.await?)))
    }

    async fn get_bill_document(
        &self,
        request: Request<GetBillDocumentRequest>,
    ) -> Result<Response<GetBillDocumentResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let bill = parse(&asked.bill_id, "bill_id")?;
        let shown =
            ops::get_bill_document::get_bill_document(self, &caller, practice, bill).await?;
        let bill = printed::bill(shown).map_err(Error::Money)?;
        Ok(Response::new(GetBillDocumentResponse {
            document: Some(bill),
        }))
    }

    async fn download_receipt(
        &self,
        request: Request<DownloadReceiptRequest>,
    ) -> Result<Response<DownloadReceiptResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let which = (practice, parse(&asked.payment_id, "payment_id")?);
        let mail = sent_for(&caller, (&asked.message_id, "message_id"))?;
        let pdf = ops::download_receipt::download_receipt(self, &caller, which, mail).await?;
        Ok(attached(pdf, |body| DownloadReceiptResponse {
            body: Some(body),
        }))
    }

    async fn get_receipt(
        &self,
        request: Request<GetReceiptRequest>,
    ) -> Result<Response<GetReceiptResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let payment = parse(&asked.payment_id, "payment_id")?;
        let shown = ops::get_receipt::get_receipt(self, &caller, practice, payment).await?;
        Ok(Response::new(GetReceiptResponse {
            document: Some(printed::receipt(shown)),
        }))
    }

    async fn download_statement(
        &self,
        request: Request<DownloadStatementRequest>,
    ) -> Result<Response<DownloadStatementResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let whose = (practice, parse(&asked.client_id, "client_id")?);
        let dates = (asked.from_date, asked.to_date);
        let asked = document::statement_asked(dates, asked.comments)?;
        let pdf = ops::download_statement::download_statement(self, &caller, whose, asked).await?;
        Ok(attached(pdf, |body| DownloadStatementResponse {
            body: Some(body),
        }))
    }

    type StreamStatementStream = Pieces<StreamStatementResponse>;

    async fn stream_statement(
        &self,
        request: Request<StreamStatementRequest>,
    ) -> Result<Response<Self::StreamStatementStream>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let whose = (practice, parse(&asked.client_id, "client_id")?);
        let dates = (asked.from_date, asked.to_date);
        let asked = document::statement_asked(dates, asked.comments)?;
        let pdf = ops::download_statement::download_statement(self, &caller, whose, asked).await?;
        Ok(streamed(pdf, |body| StreamStatementResponse {
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
        let dates = (asked.from_date, asked.to_date);
        let asked = document::statement_asked(dates, asked.comments)?;
        let shown = ops::get_statement::get_statement(self, &caller, whose, asked).await?;
        Ok(Response::new(document::statement(shown)?))
    }

    type DownloadSuperbillStream = Pieces<DownloadSuperbillResponse>;

    async fn download_superbill(
        &self,
        request: Request<DownloadSuperbillRequest>,
    ) -> Result<Response<Self::DownloadSuperbillStream>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let whose = (practice, parse(&asked.client_id, "client_id")?);
        let scope = superbill::scope(&asked.bill_id, asked.from_date, asked.to_date)?;
        let pdf = ops::download_superbill::download_superbill(self, &caller, whose, scope).await?;
        Ok(streamed(pdf, |body| DownloadSuperbillResponse {
            body: Some(body),
        }))
    }

    async fn get_superbill(
        &self,
        request: Request<GetSuperbillRequest>,
    ) -> Result<Response<GetSuperbillResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let whose = (practice, parse(&asked.client_id, "client_id")?);
        let scope = superbill::scope(&asked.bill_id, asked.from_date, asked.to_date)?;
        let shown = ops::get_superbill::get_superbill(self, &caller, whose, scope).await?;
        Ok(Response::new(superbill::superbill(shown)))
    }

    async fn set_letterhead(
        &self,
        request: Request<SetLetterheadRequest>,
    ) -> Result<Response<SetLetterheadResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "SetLetterhead",
            &asked,
        )?;
        let (stationery, logo) = letterhead::stationery(asked.letterhead)?;
        let wanted = (practice, stationery, logo);
        let set = ops::set_letterhead::set_letterhead(self, &caller, &key, wanted).await?;
        Ok(Response::new(SetLetterheadResponse {
            letterhead: Some(letterhead::letterhead(set)),
        }))
    }

    async fn get_letterhead(
        &self,
        request: Request<GetLetterheadRequest>,
    ) -> Result<Response<GetLetterheadResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let set = ops::get_letterhead::get_letterhead(self, &caller, practice).await?;
        Ok(Response::new(GetLetterheadResponse {
            letterhead: Some(letterhead::letterhead(set)),
        }))
    }

    async fn list_monthly_superbills(
        &self,
        request: Request<ListMonthlySuperbillsRequest>,
    ) -> Result<Response<ListMonthlySuperbillsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let client = parse::optional(&asked.client_id, "client_id").map_err(Error::Invalid)?;
        let sealed = ListMonthlySuperbillsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListMonthlySuperbills", &sealed),
        };
        let whose = (practice, client);
        let listed =
            ops::list_monthly_superbills::list_monthly_superbills(self, &caller, whose, page)
                .await?;
        Ok(Response::new(superbill::monthly_page(listed)))
    }

    async fn download_monthly_superbill(
        &self,
        request: Request<DownloadMonthlySuperbillRequest>,
    ) -> Result<Response<DownloadMonthlySuperbillResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let document = parse(&asked.document_id, "document_id")?;
        let pdf = ops::download_monthly_superbill::download_monthly_superbill(
            self, &caller, practice, document,
        );
        Ok(attached(pdf.await?, |body| {
            DownloadMonthlySuperbillResponse { body: Some(body) }
        }))
    }

    async fn list_shared_documents(
        &self,
        request: Request<ListSharedDocumentsRequest>,
    ) -> Result<Response<ListSharedDocumentsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice: PracticeId = parse(&asked.practice_id, "practice_id")?;
        let of = document::documents_of(&asked.bill_id, &asked.client_id)?;
        let listed =
            ops::list_shared_documents::list_shared_documents(self, &caller, practice, of).await?;
        Ok(Response::new(ListSharedDocumentsResponse {
            documents: listed.into_iter().map(document::shared).collect(),
        }))
    }

    async fn download_shared_document(
        &self,
        request: Request<DownloadSharedDocumentRequest>,
    ) -> Result<Response<DownloadSharedDocumentResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let sent = (
            document::sent_with(&asked.share_id)?,
            document::sha256(&asked.sha256)?,
        );
        let pdf =
            ops::download_shared_document::download_shared_document(self, &caller, practice, sent)
                .await?;
        Ok(attached(pdf, |body| DownloadSharedDocumentResponse {
            body: Some(body),
        }))
    }
}

/// Only what notifications sends is kept: others who name a share or a mail see the document as it is today.
fn sent_for<I: FromStr>(caller: &Caller, (id, field): (&str, &str)) -> Result<Option<I>, Status>
where
    I::Err: Display,
{
    let sent = parse::optional(id, field).map_err(Error::Invalid)?;
    Ok(sent.filter(|_| caller.service.as_deref() == Some("notifications")))
}

fn attached<R>(pdf: Pdf, response: impl FnOnce(HttpBody) -> R) -> Response<R> {
    let name = pdf.file_name.clone();
    let mut response = Response::new(response(document::body(pdf)));
    attach(response.metadata_mut(), &name);
    response
}

fn streamed<R>(pdf: Pdf, response: impl Fn(HttpBody) -> R) -> Response<Pieces<R>> {
    let name = pdf.file_name.clone();
    let pieces = document::pieces(pdf).into_iter();
    let pieces: Vec<_> = pieces.map(|body| Ok(response(body))).collect();
    let mut response = Response::new(tokio_stream::iter(pieces));
    attach(response.metadata_mut(), &name);
    response
}

/// A browser shows the PDF, saves it under its name and keeps it nowhere else.
fn attach(metadata: &mut MetadataMap, file_name: &str) {
    let disposition = format!("inline; filename=\"{file_name}\"");
    if let Ok(disposition) = MetadataValue::try_from(disposition) {
        metadata.insert("content-disposition", disposition);
    }
    metadata.insert(
        "cache-control",
        MetadataValue::from_static("private, no-store"),
    );
}
