//! Refunds in payments' own contract.

use crate::Result;
use crate::domain::refund::RefundState;
use crate::ops::{CloseRefund, NewRefund};
use crate::store::refund_closings::RefundClosing;
use crate::store::refunds::Refund;
use ::rpc::{Invalid, free_text, parse, wire};
use ids::PracticeId;
use proto::payments::v1 as contract;

/// What is to go back. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn new_refund(
    practice: PracticeId,
    asked: contract::RefundPaymentRequest,
) -> Result<NewRefund> {
    Ok(NewRefund {
        practice,
        payment: parse(&asked.payment_id, "payment_id")?,
        amount: parse::positive(asked.amount, "amount")?,
        reason: free_text(asked.reason, "reason")?,
        to_credit: asked.to_credit,
    })
}

/// What is said of a refund's end. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn close_refund(
    practice: PracticeId,
    asked: contract::CloseRefundRequest,
) -> Result<CloseRefund> {
    let refunded = match asked.outcome() {
        contract::RefundClosedOutcome::Refunded => true,
        contract::RefundClosedOutcome::NotRefunded => false,
        contract::RefundClosedOutcome::Unspecified => {
            return Err(Invalid::new("outcome", "must be given").into());
        }
    };
    let reason = free_text(asked.reason.trim().to_owned(), "reason")?;
    if reason.is_empty() {
        return Err(Invalid::new("reason", "must not be empty").into());
    }
    Ok(CloseRefund {
        practice,
        refund: parse(&asked.refund_id, "refund_id")?,
        refunded,
        reason,
    })
}

/// As the API shows it.
pub fn refund(refund: &Refund) -> contract::Refund {
    let state = match refund.state {
        RefundState::Created => contract::RefundState::Created,
        RefundState::Processing => contract::RefundState::Processing,
        RefundState::Unknown => contract::RefundState::Unknown,
        RefundState::Succeeded => contract::RefundState::Succeeded,
        RefundState::Failed => contract::RefundState::Failed,
    };
    contract::Refund {
        refund_id: refund.refund.to_string(),
        payment_id: refund.payment.to_string(),
        amount: Some(wire::money(refund.amount)),
        reason: refund.reason.clone(),
        to_credit: refund.to_credit,
        state: state.into(),
        create_time: Some(wire::time(refund.create_time)),
        made_at_processor: refund.made_at_processor,
        closing: refund.closing.as_ref().map(closing),
    }
}

fn closing(closing: &RefundClosing) -> contract::RefundClosing {
    let outcome = if closing.refunded {
        contract::RefundClosedOutcome::Refunded
    } else {
        contract::RefundClosedOutcome::NotRefunded
    };
    contract::RefundClosing {
        outcome: outcome.into(),
        reason: closing.reason.clone(),
        closed_by: closing.closed_by.clone(),
        close_time: Some(wire::time(closing.close_time)),
        overrule_time: closing.overrule_time.map(wire::time),
    }
}
