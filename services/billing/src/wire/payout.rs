//! Payouts: as payments' feed tells of them, and what they paid, in our own contract.

use crate::Result;
use crate::domain::payout::{Item, ItemKind};
use crate::ops::book_payout::{FailedPayout, PaidOut};
use crate::ops::list_payout_lines::PayoutLine;
use crate::ops::match_payout::MatchedItems;
use crate::store::payout_lines::LineFilter;
use ::rpc::{Invalid, parse, wire};
use proto::billing::v1 as contract;
use proto::payments::v1::{
    PayoutFailed, PayoutItemFacts, PayoutItemKind, PayoutItemsMatched, PayoutPaid,
};

/// A payout arrived, or a part of it. Errors: INVALID_FIELD.
pub fn paid(event: PayoutPaid) -> Result<PaidOut> {
    let payout = parse::required(event.payout, "payout")?;
    let net = parse::amount(payout.net, "payout.net")?;
    let items = event.items.into_iter().map(item);
    Ok(PaidOut {
        payout: parse(&payout.payout_id, "payout.payout_id")?,
        arrival_date: parse::date(payout.arrival_date, "payout.arrival_date")?,
        currency: net.currency(),
        items: items.collect::<Result<_>>()?,
    })
}

fn item(told: PayoutItemFacts) -> Result<(i32, Item)> {
    let kind = match told.kind() {
        PayoutItemKind::Charge => ItemKind::Charge,
        PayoutItemKind::Refund => ItemKind::Refund,
        PayoutItemKind::RefundReturned => ItemKind::RefundReturned,
        PayoutItemKind::Dispute => ItemKind::Dispute,
        PayoutItemKind::ProcessorFee => ItemKind::ProcessorFee,
        PayoutItemKind::Other => ItemKind::Other,
        PayoutItemKind::Unspecified => {
            return Err(Invalid::new("items.kind", "must be a kind that is known here").into());
        }
    };
    let item = Item {
        item: parse(&told.payout_item_id, "items.payout_item_id")?,
        kind,
        gross: parse::amount(told.gross, "items.gross")?,
        fee: parse::amount(told.fee, "items.fee")?,
        payment: parse::optional(&told.payment_id, "items.payment_id")?,
        refund: parse::optional(&told.refund_id, "items.refund_id")?,
        movement: parse::optional(&told.dispute_movement_id, "items.dispute_movement_id")?,
        client: parse::optional(&told.client_id, "items.client_id")?,
    };
    Ok((told.position, item))
}

/// A payout failed. Errors: INVALID_FIELD.
pub fn failed(event: PayoutFailed) -> Result<FailedPayout> {
    let payout = parse::required(event.payout, "payout")?;
    Ok(FailedPayout {
        payout: parse(&payout.payout_id, "payout.payout_id")?,
        fail_date: parse::date(event.fail_date, "fail_date")?,
    })
}

/// It became known what items of a payout are. Errors: INVALID_FIELD.
pub fn matched(event: PayoutItemsMatched) -> Result<MatchedItems> {
    let payout = parse::required(event.payout, "payout")?;
    let items = event.items.into_iter().map(|told| Ok(item(told)?.1));
    Ok(MatchedItems {
        payout: parse(&payout.payout_id, "payout.payout_id")?,
        match_date: parse::date(event.match_date, "match_date")?,
        items: items.collect::<Result<_>>()?,
    })
}

/// What a list is to show. Errors: INVALID_FIELD.
pub fn filter(asked: &contract::ListPayoutLinesRequest) -> Result<LineFilter> {
    let from = asked
        .from_date
        .map(|date| parse::date(Some(date), "from_date"));
    let to = asked.to_date.map(|date| parse::date(Some(date), "to_date"));
    let filter = LineFilter {
        payout: parse::optional(&asked.payout_id, "payout_id")?,
        from: from.transpose()?,
        to: to.transpose()?,
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

/// A part of a payout as the practice sees it. Errors: an amount that cannot be computed.
pub fn line(line: &PayoutLine) -> Result<contract::PayoutLine> {
    let (item, part) = (&line.paid.item, &line.part);
    let text = |id: Option<String>| id.unwrap_or_default();
    let kind = match item.kind {
        ItemKind::Charge | ItemKind::Refund | ItemKind::RefundReturned | ItemKind::Dispute => {
            if part.bill.is_some() {
                contract::PayoutLineKind::Bill
            } else {
                contract::PayoutLineKind::Credit
            }
        }
        ItemKind::ProcessorFee => contract::PayoutLineKind::ProcessorFee,
        ItemKind::Other => contract::PayoutLineKind::Other,
    };
    Ok(contract::PayoutLine {
        payout_id: line.paid.payout.to_string(),
        arrival_date: Some(wire::date(line.paid.arrival_date)),
        kind: kind.into(),
        payment_id: text(item.payment.map(|it| it.to_string())),
        client_id: text(item.client.map(|it| it.to_string())),
        bill_id: text(part.bill.map(|it| it.to_string())),
        bill_number: line.bill_number,
        clinician_id: text(part.clinician.map(|it| it.to_string())),
        clinician_name: line.clinician_name.clone(),
        gross: Some(wire::money(part.gross)),
        fee: Some(wire::money(part.fee)),
        net: Some(wire::money(part.gross.minus(part.fee)?)),
        payout_item_id: item.item.to_string(),
    })
}
