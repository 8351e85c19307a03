//! The door: a handler parses, calls its op, and shows what came of it.

mod automation_service;
mod bill_service;
mod client_service;
mod document_service;
mod fee_service;
mod import_service;
mod ledger_service;
mod payout_service;
mod session_service;
mod session_stream;
mod share_service;
mod terms_service;

use crate::{Billing, Result};
use ids::PracticeId;
use pg::RequestKey;
use proto::billing::v1::automation_service_server::AutomationServiceServer;
use proto::billing::v1::bill_service_server::BillServiceServer;
use proto::billing::v1::client_service_server::ClientServiceServer;
use proto::billing::v1::document_service_server::DocumentServiceServer;
use proto::billing::v1::fee_service_server::FeeServiceServer;
use proto::billing::v1::import_service_server::ImportServiceServer;
use proto::billing::v1::ledger_service_server::LedgerServiceServer;
use proto::billing::v1::payout_service_server::PayoutServiceServer;
use proto::billing::v1::session_service_server::SessionServiceServer;
use proto::billing::v1::share_service_server::ShareServiceServer;
use proto::billing::v1::terms_service_server::TermsServiceServer;

/// Every service of billing's contract.
#[must_use]
pub fn routes(billing: &Billing) -> ::rpc::Routes {
    ::rpc::Routes::new()
        .offer(ClientServiceServer::new(billing.clone()))
        .offer(
            SessionServiceServer::new(billing.clone())
                .max_decoding_message_size(session_stream::MESSAGE_BYTES),
        )
        .offer(FeeServiceServer::new(billing.clone()))
        .offer(DocumentServiceServer::new(billing.clone()))
        .offer(BillServiceServer::new(billing.clone()))
        .offer(ShareServiceServer::new(billing.clone()))
        .offer(LedgerServiceServer::new(billing.clone()))
        .offer(PayoutServiceServer::new(billing.clone()))
        .offer(TermsServiceServer::new(billing.clone()))
        .offer(AutomationServiceServer::new(billing.clone()))
        .offer(ImportServiceServer::new(billing.clone()))
}

/// What makes a mutation the same request. Errors: INVALID_FIELD.
pub(crate) fn request_key(
    (practice, request_id): (&str, &str),
    method: &'static str,
    request: &impl prost::Message,
) -> Result<(PracticeId, RequestKey)> {
    let practice = ::rpc::parse(practice, "practice_id")?;
    Ok((
        practice,
        RequestKey::of(practice, method, request_id, request)?,
    ))
}
