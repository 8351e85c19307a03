//! Payouts in our own contract.

use crate::domain::payout::{PayoutItemKind, PayoutState, failure_text};
use crate::ops::ClosePayoutItem;
use crate::store::payout_items::{ItemClosing, ListedItem};
use crate::store::payouts::{Payout, PayoutFilter};
use crate::{Payments, Result};
use ::rpc::{Invalid, free_text, parse, wire};
use ids::PracticeId;
use proto::payments::v1 as contract;

/// What a list is to show. Errors: INVALID_FIELD.
pub fn filter(asked: &contract::ListPayoutsRequest) -> Result<PayoutFilter> {
    let state = asked.state();
    let known = PayoutState::ALL.iter().copied();
    let from = asked
        .from_date
        .map(|date| parse::date(Some(date), "from_date"));
    let to = asked.to_date.map(|date| parse::date(Some(date), "to_date"));
    let filter = PayoutFilter {
        state: known.into_iter().find(|known| self::state(*known) == state),
        from: from.transpose()?,
        to: to.transpose()?,
        unmatched: asked.unmatched_only,
    };
    if filter
        .from
        .zip(filter.to)
        .is_some_and(|(from, to)| from > to)
    {
        return Err(Invalid::new("to_date", "must not be before from_date").into());
    }
    Ok(filter)
}

/// A payout as the practice sees it. Errors: an amount that cannot be computed.
pub fn payout(payments: &Payments, payout: &Payout) -> Result<contract::Payout> {
    let failure = match payout.state {
        PayoutState::Failed => failure_text(payout.failure_code.as_deref().unwrap_or_default()),
        PayoutState::Pending
        | PayoutState::InTransit
        | PayoutState::Paid
        | PayoutState::Cancelled => "",
    };
    // Beside a payment's address.
    let dashboard = &payments.dashboard_url;
    let place = dashboard.strip_suffix("payments/").unwrap_or(dashboard);
    Ok(contract::Payout {
        payout_id: payout.payout.to_string(),
        state: state(payout.state).into(),
        arrival_date: Some(wire::date(payout.arrival_date)),
        gross: Some(wire::money(payout.gross)),
        fees: Some(wire::money(payout.fees)),
        net: Some(wire::money(payout.gross.minus(payout.fees)?)),
        item_count: payout.item_count,
        failure_text: failure.to_owned(),
        processor_url: format!("{place}payouts/{}", payout.object),
        shared: payout.shared,
        unmatched: Some(wire::money(payout.unmatched)),
        closed: Some(wire::money(payout.closed)),
    })
}

/// What a payout paid out, as the practice sees it. Errors: an amount that cannot be computed.
pub fn item(listed: &ListedItem) -> Result<contract::PayoutItem> {
    let item = &listed.item;
    let about = item.about.as_ref();
    let refund = about.and_then(|about| about.refund);
    Ok(contract::PayoutItem {
        payout_item_id: item.item.to_string(),
        kind: kind(item.kind).into(),
        gross: Some(wire::money(item.gross)),
        fee: Some(wire::money(item.fee)),
        net: Some(wire::money(item.gross.minus(item.fee)?)),
        payment_id: about.map(|it| it.payment.to_string()).unwrap_or_default(),
        refund_id: refund.map(|it| it.to_string()).unwrap_or_default(),
        dispute_id: listed.dispute.map(|it| it.to_string()).unwrap_or_default(),
        client_id: listed.client.map(|it| it.to_string()).unwrap_or_default(),
        bill_ids: listed.bills.iter().map(ToString::to_string).collect(),
        method_text: listed.method_text.clone(),
        receive_date: listed.receive_date.map(wire::date),
        processor_kind: item.origin.word.clone(),
        processor_transaction: item.transaction.clone(),
        closing: listed.closing.as_ref().map(closing),
        unclaimed_of: listed.unclaimed_of.clone().unwrap_or_default(),
    })
}

fn closing(closing: &ItemClosing) -> contract::PayoutItemClosing {
    contract::PayoutItemClosing {
        reason: closing.reason.clone(),
        closed_by: closing.closed_by.clone(),
        close_time: Some(wire::time(closing.close_time)),
    }
}

/// What is said of an item. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn close_item(
    practice: PracticeId,
    asked: &contract::ClosePayoutItemRequest,
) -> Result<ClosePayoutItem> {
    let reason = free_text(asked.reason.trim().to_owned(), "reason")?;
    if reason.is_empty() {
        return Err(Invalid::new("reason", "must not be empty").into());
    }
    Ok(ClosePayoutItem {
        practice,
        item: parse(&asked.payout_item_id, "payout_item_id")?,
        reason,
    })
}

/// As the API names it.
pub const fn state(state: PayoutState) -> contract::PayoutState {
    match state {
        PayoutState::Pending => contract::PayoutState::Pending,
        PayoutState::InTransit => contract::PayoutState::InTransit,
        PayoutState::Paid => contract::PayoutState::Paid,
        PayoutState::Failed => contract::PayoutState::Failed,
        PayoutState::Cancelled => contract::PayoutState::Cancelled,
    }
}

/// As the API names it.
pub const fn kind(kind: PayoutItemKind) -> contract::PayoutItemKind {
    match kind {
        PayoutItemKind::Charge => contract::PayoutItemKind::Charge,
        PayoutItemKind::Refund => contract::PayoutItemKind::Refund,
        PayoutItemKind::RefundReturned => contract::PayoutItemKind::RefundReturned,
        PayoutItemKind::Dispute => contract::PayoutItemKind::Dispute,
        PayoutItemKind::ProcessorFee => contract::PayoutItemKind::ProcessorFee,
        PayoutItemKind::Other => contract::PayoutItemKind::Other,
    }
}
