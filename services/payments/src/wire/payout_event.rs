//! What payments announces of payouts: amounts and ids.

use super::payout::kind;
use crate::Result;
use crate::domain::payout::{PayoutState, failure_text};
use crate::store::payout_items::ListedItem;
use crate::store::payouts::Payout;
use ::rpc::wire;
use clock::Clock;
use ids::EventId;
use jiff::civil::Date;
use pg::Announcement;
use proto::payments::v1 as contract;

/// One event tells of so many items at most, which keeps it far below what a message may have.
const ITEMS_MAX: usize = 500;

/// A payout arrived: one event, or several that each tell of a part of its items.
pub fn paid(clock: &Clock, payout: &Payout, items: &[ListedItem]) -> Result<Vec<Announcement>> {
    let parts: Vec<&[ListedItem]> = items.chunks(ITEMS_MAX).collect();
    let part_count = i32::try_from(parts.len()).unwrap_or(i32::MAX);
    (1..)
        .zip(parts)
        .map(|(part, items)| {
            let event = contract::PayoutPaid {
                payout: Some(facts(payout)?),
                items: items.iter().map(item).collect(),
                part,
                part_count,
            };
            Ok(Announcement::of(EventId::new(clock), &event))
        })
        .collect()
}

/// Items of a payout that arrived were matched: one event, or several.
pub fn matched(
    clock: &Clock,
    payout: &Payout,
    (items, date): (&[ListedItem], Date),
) -> Result<Vec<Announcement>> {
    let parts = items.chunks(ITEMS_MAX).map(|items| {
        let event = contract::PayoutItemsMatched {
            payout: Some(facts(payout)?),
            items: items.iter().map(item).collect(),
            match_date: Some(wire::date(date)),
        };
        Ok(Announcement::of(EventId::new(clock), &event))
    });
    parts.collect()
}

/// A payout did not arrive, or was sent back.
pub fn failed(clock: &Clock, payout: &Payout, date: Date) -> Result<Announcement> {
    let cancelled = payout.state == PayoutState::Cancelled;
    let text = failure_text(payout.failure_code.as_deref().unwrap_or_default());
    let event = contract::PayoutFailed {
        payout: Some(facts(payout)?),
        fail_date: Some(wire::date(date)),
        failure_text: if cancelled { "" } else { text }.to_owned(),
        cancelled,
    };
    Ok(Announcement::of(EventId::new(clock), &event))
}

fn facts(payout: &Payout) -> Result<contract::PayoutFacts> {
    Ok(contract::PayoutFacts {
        payout_id: payout.payout.to_string(),
        arrival_date: Some(wire::date(payout.arrival_date)),
        gross: Some(wire::money(payout.gross)),
        fees: Some(wire::money(payout.fees)),
        net: Some(wire::money(payout.gross.minus(payout.fees)?)),
        item_count: payout.item_count,
    })
}

fn item(listed: &ListedItem) -> contract::PayoutItemFacts {
    let item = &listed.item;
    let about = item.about.as_ref();
    let refund = about.and_then(|about| about.refund);
    let movement = about.and_then(|about| about.movement);
    contract::PayoutItemFacts {
        payout_item_id: item.item.to_string(),
        position: listed.position,
        kind: kind(item.kind).into(),
        gross: Some(wire::money(item.gross)),
        fee: Some(wire::money(item.fee)),
        payment_id: about.map(|it| it.payment.to_string()).unwrap_or_default(),
        refund_id: refund.map(|it| it.to_string()).unwrap_or_default(),
        dispute_movement_id: movement.map(|it| it.to_string()).unwrap_or_default(),
        client_id: listed.client.map(|it| it.to_string()).unwrap_or_default(),
    }
}
