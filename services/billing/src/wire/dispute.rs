//! Disputes and refunds that came back, as payments' feed tells of them.

use crate::Result;
use crate::ops::book_dispute::{ClosedDispute, MovedDispute, OpenedDispute};
use crate::ops::return_refund::ReturnRefund;
use ::rpc::{Invalid, parse};
use ids::PracticeId;
use proto::payments::v1::{
    DisputeClosed, DisputeFacts, DisputeFundsReinstated, DisputeFundsWithdrawn, DisputeOpened,
    DisputeState, RefundFailed,
};

fn facts(facts: Option<DisputeFacts>) -> Result<DisputeFacts, Invalid> {
    parse::required(facts, "dispute")
}

/// A dispute was opened. Errors: INVALID_FIELD.
pub fn opened(event: DisputeOpened) -> Result<OpenedDispute> {
    let dispute = facts(event.dispute)?;
    Ok(OpenedDispute {
        dispute: parse(&dispute.dispute_id, "dispute.dispute_id")?,
        payment: parse(&dispute.payment_id, "dispute.payment_id")?,
        amount: parse::positive(dispute.amount, "dispute.amount")?,
        open_date: parse::date(event.open_date, "open_date")?,
    })
}

/// Money was withdrawn. Errors: INVALID_FIELD.
pub fn withdrawn(event: DisputeFundsWithdrawn) -> Result<MovedDispute> {
    Ok(MovedDispute {
        dispute: parse(&facts(event.dispute)?.dispute_id, "dispute.dispute_id")?,
        movement: parse(&event.movement_id, "movement_id")?,
        amount: parse::non_negative(event.amount, "amount")?.negated()?,
        fee: parse::amount(event.fee, "fee")?,
        move_date: parse::date(event.move_date, "move_date")?,
    })
}

/// Money was reinstated. Errors: INVALID_FIELD.
pub fn reinstated(event: DisputeFundsReinstated) -> Result<MovedDispute> {
    Ok(MovedDispute {
        dispute: parse(&facts(event.dispute)?.dispute_id, "dispute.dispute_id")?,
        movement: parse(&event.movement_id, "movement_id")?,
        amount: parse::non_negative(event.amount, "amount")?,
        fee: parse::amount(event.fee, "fee")?,
        move_date: parse::date(event.move_date, "move_date")?,
    })
}

/// It was decided. Errors: INVALID_FIELD.
pub fn closed(event: DisputeClosed) -> Result<ClosedDispute> {
    let dispute = facts(event.dispute)?;
    Ok(ClosedDispute {
        dispute: parse(&dispute.dispute_id, "dispute.dispute_id")?,
        lost: dispute.state() == DisputeState::Lost,
        close_date: parse::date(event.close_date, "close_date")?,
    })
}

/// A refund failed; if it was booked, it came back. Errors: INVALID_FIELD.
pub fn refund_failed(practice: PracticeId, event: &RefundFailed) -> Result<ReturnRefund> {
    Ok(ReturnRefund {
        practice,
        refund: parse(&event.refund_id, "refund_id")?,
        return_date: parse::date(event.fail_date.or(event.refund_date), "fail_date")?,
    })
}
