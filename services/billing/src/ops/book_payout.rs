//! What a payout does to the books, as payments' feed tells of it: it arrived, it failed (`match_payout.rs` has what becomes
//! known of it later). Each in a transaction that the caller commits; again changes nothing.

use super::{entry, post_all};
use crate::domain::entry::{Act, Entry, Transfers};
use crate::domain::payout::Item;
use crate::wire::event;
use crate::{Billing, Error, Missing, OUTBOX, Result, store};
use ::rpc::Caller;
use ids::{EntryId, PaymentId, PayoutId, PayoutItemId, PracticeId};
use jiff::civil::Date;
use money::Currency;
use pg::Tx;

/// A payout that arrived, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidOut {
    /// The payout.
    pub payout: PayoutId,
    /// Business date.
    pub arrival_date: Date,
    /// Of all its amounts.
    pub currency: Currency,
    /// What it paid out, with its place among the payout's items.
    pub items: Vec<(i32, Item)>,
}

/// A payout that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedPayout {
    /// The payout.
    pub payout: PayoutId,
    /// Business date.
    pub fail_date: Date,
}

/// Books what a payout paid out, an entry for each item: the bank has it, less what the processor kept. Errors:
/// PAYMENT_NOT_FOUND.
pub(crate) async fn pay_out_in(
    billing: &Billing,
    tx: &mut Tx,
    caller: &Caller,
    (practice, paid): (PracticeId, PaidOut),
) -> Result<()> {
    caller.within(practice)?;
    let now = billing.clock.now();
    let of = (practice, paid.payout);
    store::payouts::insert(tx, of, (paid.arrival_date, paid.currency), now).await?;
    let known = store::payouts::lock(tx, practice, paid.payout).await?;
    let ids: Vec<PayoutItemId> = paid.items.iter().map(|(_, item)| item.item).collect();
    let booked = store::payouts::booked(tx, practice, &ids).await?;
    let fresh: Vec<(i32, Item)> = paid
        .items
        .into_iter()
        .filter(|(_, item)| !booked.contains(&item.item))
        .collect();
    if fresh.is_empty() || known.is_some_and(|known| known.failed) {
        return Ok(());
    }
    let payments = fresh.iter().filter_map(|(_, item)| item.payment);
    are_booked(tx, practice, payments.collect()).await?;
    let mut entries = Vec::with_capacity(fresh.len());
    let mut items = Vec::with_capacity(fresh.len());
    for (position, item) in fresh {
        let act = (Act::PaidOut(item.item), item.client);
        let entry = entry(&billing.clock, act, paid.arrival_date, &item.transfers()?)?;
        items.push((position, item, entry.id));
        entries.push(entry);
    }
    write(billing, tx, practice, &entries).await?;
    store::payouts::insert_items(tx, of, &items).await?;
    announce(billing, tx, practice, &entries).await
}

/// The feed tells of payments before it tells that they were paid out. Errors: PAYMENT_NOT_FOUND.
pub(super) async fn are_booked(
    tx: &mut Tx,
    practice: PracticeId,
    mut payments: Vec<PaymentId>,
) -> Result<()> {
    payments.sort_unstable();
    payments.dedup();
    let booked = store::payouts::booked_payments(tx, practice, &payments).await?;
    match payments.iter().find(|payment| !booked.contains(payment)) {
        Some(missing) => Err(Error::Missing(Missing::Payment(*missing))),
        None => Ok(()),
    }
}

/// Reverses what was booked of a payout that failed. One that never arrived was never booked. Errors: none of its own.
pub(crate) async fn fail_payout_in(
    billing: &Billing,
    tx: &mut Tx,
    caller: &Caller,
    (practice, failed): (PracticeId, FailedPayout),
) -> Result<()> {
    caller.within(practice)?;
    let known = store::payouts::lock(tx, practice, failed.payout).await?;
    let Some(known) = known.filter(|known| !known.failed) else {
        return Ok(());
    };
    let of = (practice, failed.payout);
    let items = store::payouts::items(tx, of, known.currency).await?;
    let booked: Vec<EntryId> = items.iter().map(|(_, entry)| *entry).collect();
    let mut posted = store::entries::transfers_of_each(tx, practice, &booked).await?;
    let mut entries = Vec::with_capacity(items.len());
    let mut reversed = Vec::with_capacity(items.len());
    for (item, booked) in items {
        let mut transfers = Transfers::new();
        for (id, transfer) in posted.remove(&booked).unwrap_or_default() {
            // What a match took back already does not come back.
            if transfer.reverses.is_none() {
                transfers.reverse(id, transfer);
            }
        }
        let act = (Act::PayoutFailed(item.item), item.client);
        let entry = entry(&billing.clock, act, failed.fail_date, &transfers)?;
        reversed.push((item.item, entry.id));
        entries.push(entry);
    }
    let now = billing.clock.now();
    write(billing, tx, practice, &entries).await?;
    store::payouts::update_reversed(tx, practice, &reversed).await?;
    store::payouts::update_failed(tx, of, failed.fail_date, now).await?;
    announce(billing, tx, practice, &entries).await
}

pub(super) async fn write(
    billing: &Billing,
    tx: &mut Tx,
    practice: PracticeId,
    entries: &[Entry],
) -> Result<()> {
    post_all(tx, practice, billing.clock.now(), entries).await
}

pub(super) async fn announce(
    billing: &Billing,
    tx: &mut Tx,
    practice: PracticeId,
    entries: &[Entry],
) -> Result<()> {
    let posted = entries
        .iter()
        .map(|entry| event::of(&billing.clock, &event::entry_posted(practice, entry)));
    let events: Vec<_> = posted.collect();
    OUTBOX
        .append(tx, practice, billing.clock.now(), &events)
        .await?;
    Ok(())
}
