//! What AutoPay announces: ids, days and amounts.

use crate::store::autopay_runs::Run;
use crate::store::upcoming_charges::UpcomingCharge;
use ::rpc::wire;
use clock::Clock;
use ids::{ContactId, EventId};
use jiff::civil::Date;
use pg::Announcement;
use proto::payments::v1 as contract;

/// A night is done.
pub fn run_ended(clock: &Clock, run: &Run) -> Announcement {
    let figures = &run.figures;
    let ended = contract::AutoPayRunEnded {
        run_date: Some(wire::date(run.run_date)),
        due_count: figures.due,
        charged_count: figures.charged,
        charged: Some(wire::money(figures.charged_sum)),
        credited: Some(wire::money(figures.credited_sum)),
        declined_count: figures.declined,
        pending_count: figures.pending,
        skipped_count: figures.skipped,
    };
    Announcement::of(EventId::new(clock), &ended)
}

/// A payer, the client or a contact, is to be told of a charge, which may be moved until the first day to the second at
/// the latest.
pub fn charge_noticed(
    clock: &Clock,
    (charge, contact): (&UpcomingCharge, Option<ContactId>),
    (move_end, latest): (Date, Date),
) -> Announcement {
    let noticed = contract::UpcomingChargeNoticed {
        bill_id: charge.bill.to_string(),
        client_id: charge.client.to_string(),
        amount: Some(wire::money(charge.amount)),
        charge_date: Some(wire::date(charge.charge_date)),
        move_end_date: Some(wire::date(move_end)),
        latest_date: Some(wire::date(latest)),
        contact_id: text(contact),
    };
    Announcement::of(EventId::new(clock), &noticed)
}

/// A charge comes on another day, of which its payer is told.
pub fn charge_moved(
    clock: &Clock,
    (charge, contact): (&UpcomingCharge, Option<ContactId>),
    by_practice: bool,
) -> Announcement {
    let moved = contract::UpcomingChargeMoved {
        bill_id: charge.bill.to_string(),
        client_id: charge.client.to_string(),
        charge_date: Some(wire::date(charge.charge_date)),
        by_practice,
        amount: Some(wire::money(charge.amount)),
        contact_id: text(contact),
    };
    Announcement::of(EventId::new(clock), &moved)
}

fn text(contact: Option<ContactId>) -> String {
    contact.map_or_else(String::new, |contact| contact.to_string())
}
