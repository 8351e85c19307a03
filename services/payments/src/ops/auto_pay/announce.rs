use super::Night;
use crate::domain::payer::Payer;
use crate::domain::upcoming::Upcoming;
use crate::store::autopay_candidates::Candidate;
use crate::store::upcoming_charges::{Change, UpcomingCharge};
use crate::wire::autopay_event;
use crate::{Payments, Result, store};
use ::rpc::Caller;
use jiff::ToSpan as _;
use money::Money;
use pg::{Announcement, Tx};

/// Writes down that the payer is told of a charge, and answers the event that tells. It is not charged before its due date.
pub(super) async fn announce(
    (payments, tx): (&Payments, &mut Tx),
    night: Night<'_>,
    (candidate, amount): (&Candidate, Money),
    caller: &Caller,
) -> Result<Announcement> {
    let (practice, settings) = (night.due.practice, night.settings);
    let now = payments.clock.now();
    let notice = settings.notice_days.days();
    let earliest = night.due.run_date.saturating_add(notice);
    let charge_date = earliest.max(candidate.facts.due_date);
    let charge = UpcomingCharge {
        bill: candidate.bill,
        client: candidate.client,
        amount,
        told: Upcoming {
            notice_time: now,
            initial_date: charge_date,
        },
        charge_date,
    };
    let change = Change {
        bill: charge.bill,
        mover: None,
        change_time: now,
        changed_by: caller.subject.clone(),
        former_date: None,
        charge_date,
        amount,
        reason: String::new(),
    };
    store::upcoming_charges::upsert(tx, practice, &charge).await?;
    store::upcoming_charges::insert_change(tx, practice, &change).await?;
    let move_end = night
        .practice
        .local_date(charge.told.move_end(settings.limits))?;
    let latest = charge.told.latest_date(settings.limits);
    Ok(autopay_event::charge_noticed(
        &payments.clock,
        (&charge, candidate.payer.and_then(Payer::contact)),
        (move_end, latest),
    ))
}
