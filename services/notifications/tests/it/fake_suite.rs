//! billing and portal-auth as notifications sees them. Their texts are full of canaries that no mail may sing.

use proto::billing::v1::bill_service_server::{BillService, BillServiceServer};
use proto::billing::v1::client_service_server::{ClientService, ClientServiceServer};
use proto::billing::v1::document_service_server::{DocumentService, DocumentServiceServer};
use proto::billing::v1::ledger_service_server::{LedgerService, LedgerServiceServer};
use proto::billing::v1::*;
use proto::google::api::HttpBody;
use proto::portal_auth::v1::access_code_service_server::{
    AccessCodeService, AccessCodeServiceServer,
};
use proto::portal_auth::v1::{
    IssueAccessCodeRequest, IssueAccessCodeResponse, ReissueAccessCodeRequest,
    ReissueAccessCodeResponse, RevealAccessCodeRequest, RevealAccessCodeResponse,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tonic::{Request, Response, Status};

pub const PDF: &[u8] = b"%PDF-1.7 a bill or a receipt\r\n%%EOF";
pub const CODE: &str = "042917";
pub const LINK_TOKEN: &str = "0123456789abcdef0123456789abcdef";

#[derive(Clone, Default)]
pub struct FakeSuite(Arc<Mutex<Books>>);

#[derive(Default)]
pub struct Books {
    pub clients: HashMap<String, GetClientResponse>,
    pub bills: HashMap<String, Bill>,
    /// What every client owes.
    pub owed_minor: i64,
    /// For which acts of sharing a bill's PDF was asked.
    pub shares: Vec<String>,
    /// For which mails a payment's receipt was asked.
    pub receipts: Vec<String>,
    /// Which monthly superbills were asked for.
    pub superbills: Vec<String>,
    /// For how many clients billing was asked by calls for several, and how many calls there were for one.
    pub asked_together: Vec<usize>,
    pub asked_alone: usize,
    /// It takes no calls for several, as an earlier version.
    pub one_by_one: bool,
    /// Nobody answers.
    pub away: bool,
    /// When the code that is shown was made, and which one it is; none is the first.
    pub code: Option<(jiff::Timestamp, String)>,
}

impl FakeSuite {
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().expect("the books")
    }

    pub fn routes(&self) -> tonic::service::Routes {
        tonic::service::Routes::new(BillServiceServer::new(self.clone()))
            .add_service(ClientServiceServer::new(self.clone()))
            .add_service(LedgerServiceServer::new(self.clone()))
            .add_service(DocumentServiceServer::new(self.clone()))
            .add_service(AccessCodeServiceServer::new(self.clone()))
    }

    fn here(&self) -> Result<MutexGuard<'_, Books>, Status> {
        let books = self.books();
        if books.away {
            Err(Status::unavailable("billing is away"))
        } else {
            Ok(books)
        }
    }
}

/// A server of a contract that answers some calls and refuses the rest.
macro_rules! plays {
    ($service:ident { $($own:tt)* } refuses { $($name:ident($request:ty) -> $response:ty,)* }) => {
        #[tonic::async_trait]
        impl $service for FakeSuite {
            $($own)*
            $(async fn $name(&self, _: Request<$request>) -> Result<Response<$response>, Status> {
                Err(Status::unimplemented(stringify!($name)))
            })*
        }
    };
}

plays! { BillService {
    async fn get_bill(&self, request: Request<GetBillRequest>) -> Result<Response<GetBillResponse>, Status> {
        let bill = self.here()?.bills.get(&request.get_ref().bill_id).cloned();
        let bill = bill.ok_or_else(|| Status::not_found("there is no such bill"))?;
        Ok(Response::new(GetBillResponse { bill: Some(bill) }))
    }
} refuses {
    issue_bill(IssueBillRequest) -> IssueBillResponse,
    list_bills(ListBillsRequest) -> ListBillsResponse,
    edit_bill(EditBillRequest) -> EditBillResponse,
    list_bill_changes(ListBillChangesRequest) -> ListBillChangesResponse,
    adjust_bill(AdjustBillRequest) -> AdjustBillResponse,
    reverse_adjustment(ReverseAdjustmentRequest) -> ReverseAdjustmentResponse,
    cancel_bill(CancelBillRequest) -> CancelBillResponse,
    share_bill(ShareBillRequest) -> ShareBillResponse,
    get_pay_page(GetPayPageRequest) -> GetPayPageResponse,
} }

plays! { ClientService {
    async fn get_client(&self, request: Request<GetClientRequest>) -> Result<Response<GetClientResponse>, Status> {
        let mut books = self.here()?;
        books.asked_alone += 1;
        let client = books.clients.get(&request.get_ref().client_id).cloned();
        client.map(Response::new).ok_or_else(|| Status::not_found("there is no such client"))
    }

    async fn batch_get_clients(
        &self,
        request: Request<BatchGetClientsRequest>,
    ) -> Result<Response<BatchGetClientsResponse>, Status> {
        let mut books = self.here()?;
        if books.one_by_one {
            return Err(Status::unimplemented("batch_get_clients"));
        }
        let ids = request.into_inner().client_ids;
        books.asked_together.push(ids.len());
        let people = ids.iter().map(|id| {
            let found = books.clients.get(id).cloned();
            let found = found.ok_or_else(|| Status::not_found("there is no such client"))?;
            Ok(ClientPeople { client: found.client, contacts: found.contacts })
        });
        let clients = people.collect::<Result<_, Status>>()?;
        Ok(Response::new(BatchGetClientsResponse { clients }))
    }
} refuses {
    add_client(AddClientRequest) -> AddClientResponse,
    add_contact(AddContactRequest) -> AddContactResponse,
    add_policy(AddPolicyRequest) -> AddPolicyResponse,
    add_clinician(AddClinicianRequest) -> AddClinicianResponse,
    add_payer(AddPayerRequest) -> AddPayerResponse,
    list_clients(ListClientsRequest) -> ListClientsResponse,
} }

plays! { LedgerService {
    async fn get_client_balance(
        &self,
        _: Request<GetClientBalanceRequest>,
    ) -> Result<Response<GetClientBalanceResponse>, Status> {
        let minor_units = self.here()?.owed_minor;
        let owed = proto::money::v1::Money { currency_code: "USD".to_owned(), minor_units };
        Ok(Response::new(GetClientBalanceResponse { owed: Some(owed), ..Default::default() }))
    }
} refuses {
    record_insurer_payment(RecordInsurerPaymentRequest) -> RecordInsurerPaymentResponse,
    apply_credit(ApplyCreditRequest) -> ApplyCreditResponse,
    reverse_credit(ReverseCreditRequest) -> ReverseCreditResponse,
    get_trial_balance(GetTrialBalanceRequest) -> GetTrialBalanceResponse,
    verify_books(VerifyBooksRequest) -> VerifyBooksResponse,
    post_payment(PostPaymentRequest) -> PostPaymentResponse,
    post_refund(PostRefundRequest) -> PostRefundResponse,
    place_hold(PlaceHoldRequest) -> PlaceHoldResponse,
    extend_hold(ExtendHoldRequest) -> ExtendHoldResponse,
    release_hold(ReleaseHoldRequest) -> ReleaseHoldResponse,
} }

plays! { DocumentService {
    async fn download_bill(
        &self,
        request: Request<DownloadBillRequest>,
    ) -> Result<Response<DownloadBillResponse>, Status> {
        self.here()?.shares.push(request.into_inner().share_id);
        Ok(Response::new(DownloadBillResponse { body: Some(pdf()) }))
    }

    async fn download_receipt(
        &self,
        request: Request<DownloadReceiptRequest>,
    ) -> Result<Response<DownloadReceiptResponse>, Status> {
        self.here()?.receipts.push(request.into_inner().message_id);
        Ok(Response::new(DownloadReceiptResponse { body: Some(pdf()) }))
    }

    async fn download_monthly_superbill(
        &self,
        request: Request<DownloadMonthlySuperbillRequest>,
    ) -> Result<Response<DownloadMonthlySuperbillResponse>, Status> {
        self.here()?.superbills.push(request.into_inner().document_id);
        Ok(Response::new(DownloadMonthlySuperbillResponse { body: Some(pdf()) }))
    }

    type StreamStatementStream = futures::stream::Empty<Result<StreamStatementResponse, Status>>;

    async fn stream_statement(
        &self,
        _: Request<StreamStatementRequest>,
    ) -> Result<Response<Self::StreamStatementStream>, Status> {
        Err(Status::unimplemented("stream_statement"))
    }

    type DownloadSuperbillStream = futures::stream::Empty<Result<DownloadSuperbillResponse, Status>>;

    async fn download_superbill(
        &self,
        _: Request<DownloadSuperbillRequest>,
    ) -> Result<Response<Self::DownloadSuperbillStream>, Status> {
        Err(Status::unimplemented("download_superbill"))
    }
} refuses {
    download_statement(DownloadStatementRequest) -> DownloadStatementResponse,
    get_statement(GetStatementRequest) -> GetStatementResponse,
    get_bill_document(GetBillDocumentRequest) -> GetBillDocumentResponse,
    get_receipt(GetReceiptRequest) -> GetReceiptResponse,
    get_superbill(GetSuperbillRequest) -> GetSuperbillResponse,
    set_letterhead(SetLetterheadRequest) -> SetLetterheadResponse,
    get_letterhead(GetLetterheadRequest) -> GetLetterheadResponse,
    list_monthly_superbills(ListMonthlySuperbillsRequest) -> ListMonthlySuperbillsResponse,
    list_client_documents(ListClientDocumentsRequest) -> ListClientDocumentsResponse,
    list_shared_documents(ListSharedDocumentsRequest) -> ListSharedDocumentsResponse,
    download_shared_document(DownloadSharedDocumentRequest) -> DownloadSharedDocumentResponse,
} }

plays! { AccessCodeService {
    async fn issue_access_code(
        &self,
        request: Request<IssueAccessCodeRequest>,
    ) -> Result<Response<IssueAccessCodeResponse>, Status> {
        let code = self.books().code.clone();
        let (issue_time, access_code) =
            code.unwrap_or((jiff::Timestamp::UNIX_EPOCH, CODE.to_owned()));
        Ok(Response::new(IssueAccessCodeResponse {
            access_code,
            link_token: LINK_TOKEN.to_owned(),
            reference: request.into_inner().reference,
            issue_time: Some(rpc::wire::time(issue_time)),
        }))
    }
} refuses {
    reissue_access_code(ReissueAccessCodeRequest) -> ReissueAccessCodeResponse,
    reveal_access_code(RevealAccessCodeRequest) -> RevealAccessCodeResponse,
} }

fn pdf() -> HttpBody {
    HttpBody {
        content_type: "application/pdf".to_owned(),
        data: PDF.into(),
        ..HttpBody::default()
    }
}
