use crate::Result;
use crate::store::client_documents::{
    ClientDocument, Column, DocumentFilter, DocumentKind, DocumentTotals, Order,
};
use crate::wire::bill::{optional_date, status};
use ::rpc::{Invalid, parse, wire};
use ids::{BillId, DocumentId, PaymentId, SessionId};
use pg::Page;
use proto::billing::v1 as contract;

/// What a list of documents is asked for. Errors: INVALID_FIELD.
pub fn document_filter(request: &contract::ListClientDocumentsRequest) -> Result<DocumentFilter> {
    let kind = |kind| match kind {
        contract::ClientDocumentKind::Unspecified => None,
        contract::ClientDocumentKind::Pending => Some(DocumentKind::Pending),
        contract::ClientDocumentKind::Bill => Some(DocumentKind::Bill),
        contract::ClientDocumentKind::Receipt => Some(DocumentKind::Receipt),
        contract::ClientDocumentKind::Superbill => Some(DocumentKind::Superbill),
    };
    let filter = DocumentFilter {
        client: parse(&request.client_id, "client_id")?,
        kinds: request.kinds().filter_map(kind).collect(),
        from_date: optional_date(request.from_date, "from_date")?,
        to_date: optional_date(request.to_date, "to_date")?,
    };
    if let (Some(from), Some(to)) = (filter.from_date, filter.to_date)
        && to < from
    {
        return Err(Invalid::new("to_date", "must not be before from_date").into());
    }
    Ok(filter)
}

/// In which order documents are listed. Errors: INVALID_FIELD.
pub fn document_order(order_by: &str) -> Result<Order, Invalid> {
    if order_by.is_empty() {
        return Ok(Order::NEWEST);
    }
    let (column, descending) = match order_by.strip_suffix(" desc") {
        Some(column) => (column, true),
        None => (order_by, false),
    };
    let column = match column {
        "date" => Column::Date,
        "number" => Column::Number,
        "client_balance" => Column::ClientBalance,
        "amount" => Column::Amount,
        _unknown => {
            return Err(Invalid::new(
                "order_by",
                "must be one of those that are listed",
            ));
        }
    };
    Ok(Order { column, descending })
}

/// A page of documents.
#[must_use]
pub fn document_page(
    (page, totals): (Page<ClientDocument>, DocumentTotals),
) -> contract::ListClientDocumentsResponse {
    contract::ListClientDocumentsResponse {
        documents: page.items.iter().map(document).collect(),
        next_page_token: page.next_page_token,
        total_count: totals.count,
        total_pending: Some(wire::money(totals.pending)),
        total_client_balance: Some(wire::money(totals.client_balance)),
    }
}

fn document(document: &ClientDocument) -> contract::ClientDocument {
    let (kind, document_id) = match document.kind {
        DocumentKind::Pending => (
            contract::ClientDocumentKind::Pending,
            SessionId::from(document.id).to_string(),
        ),
        DocumentKind::Bill => (
            contract::ClientDocumentKind::Bill,
            BillId::from(document.id).to_string(),
        ),
        DocumentKind::Receipt => (
            contract::ClientDocumentKind::Receipt,
            PaymentId::from(document.id).to_string(),
        ),
        DocumentKind::Superbill => (
            contract::ClientDocumentKind::Superbill,
            DocumentId::from(document.id).to_string(),
        ),
    };
    contract::ClientDocument {
        kind: kind.into(),
        document_id,
        date: Some(wire::date(document.date)),
        number: document.number.unwrap_or(0),
        status: document
            .status
            .map_or(contract::BillStatus::Unspecified, status)
            .into(),
        amount: Some(wire::money(document.amount)),
        client_balance: Some(wire::money(document.client_balance)),
    }
}
