//! Disputes in our own contract.

use crate::domain::dispute::{DisputeState, reason_text};
use crate::store::disputes::{Dispute, DisputeFilter};
use crate::{Payments, Result};
use ::rpc::{parse, wire};
use proto::payments::v1 as contract;

/// What a list is to show. Errors: INVALID_FIELD.
pub fn filter(asked: &contract::ListDisputesRequest) -> Result<DisputeFilter> {
    Ok(DisputeFilter {
        payment: parse::optional(&asked.payment_id, "payment_id")?,
        client: parse::optional(&asked.client_id, "client_id")?,
        open_only: asked.open_only,
    })
}

/// A dispute as the practice sees it.
pub fn dispute(payments: &Payments, dispute: &Dispute) -> contract::Dispute {
    let intent = dispute.intent.as_deref().unwrap_or_default();
    contract::Dispute {
        dispute_id: dispute.dispute.to_string(),
        payment_id: dispute.payment.to_string(),
        client_id: dispute.client.to_string(),
        amount: Some(wire::money(dispute.amount)),
        state: state(dispute.state).into(),
        reason_text: reason_text(&dispute.reason).to_owned(),
        bill_ids: dispute.bills.iter().map(ToString::to_string).collect(),
        open_time: Some(wire::time(dispute.open_time)),
        respond_by_time: dispute.respond_by_time.map(wire::time),
        has_evidence: dispute.has_evidence,
        withdrawn: Some(wire::money(dispute.withdrawn)),
        fee: Some(wire::money(dispute.fee)),
        close_time: dispute.close_time.map(wire::time),
        processor_url: format!("{}{intent}", payments.dashboard_url),
    }
}

/// As the API names it.
pub const fn state(state: DisputeState) -> contract::DisputeState {
    match state {
        DisputeState::InquiryOpen => contract::DisputeState::InquiryOpen,
        DisputeState::InquiryAnswered => contract::DisputeState::InquiryAnswered,
        DisputeState::InquiryClosed => contract::DisputeState::InquiryClosed,
        DisputeState::NeedsResponse => contract::DisputeState::NeedsResponse,
        DisputeState::UnderReview => contract::DisputeState::UnderReview,
        DisputeState::Won => contract::DisputeState::Won,
        DisputeState::Lost => contract::DisputeState::Lost,
    }
}
