use super::book_payout::{announce, are_booked, write};
use super::entry;
use crate::domain::entry::Act;
use crate::domain::payout::{Item, ItemKind};
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{PayoutId, PayoutItemId, PracticeId};
use jiff::civil::Date;
use pg::Tx;

/// Items of a payout of which it became known what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedItems {
    /// The payout.
    pub payout: PayoutId,
    /// Business date.
    pub match_date: Date,
    /// As they are now.
    pub items: Vec<Item>,
}

/// Books what a payout paid out unmatched anew, an entry for each item: it leaves clearing and is unmatched no longer. What
/// is not booked as unmatched stays as it is, and so does all of a payout that failed: it was reversed. The transaction is
/// the caller's to commit; again changes nothing. Errors: PAYMENT_NOT_FOUND.
pub(crate) async fn match_payout_in(
    billing: &Billing,
    tx: &mut Tx,
    caller: &Caller,
    (practice, matched): (PracticeId, MatchedItems),
) -> Result<()> {
    caller.within(practice)?;
    let known = store::payouts::lock(tx, practice, matched.payout).await?;
    if known.is_none_or(|known| known.failed) {
        return Ok(());
    }
    let ids: Vec<PayoutItemId> = matched.items.iter().map(|item| item.item).collect();
    let booked = store::payouts::unmatched(tx, (practice, matched.payout), &ids).await?;
    let mut fresh = matched.items;
    fresh.retain(|item| item.kind != ItemKind::Other && booked.contains_key(&item.item));
    if fresh.is_empty() {
        return Ok(());
    }
    let payments = fresh.iter().filter_map(|item| item.payment);
    are_booked(tx, practice, payments.collect()).await?;
    let entries: Vec<_> = booked.values().copied().collect();
    let posted = store::entries::transfers_of_each(tx, practice, &entries).await?;
    let mut entries = Vec::with_capacity(fresh.len());
    let mut rebooked = Vec::with_capacity(fresh.len());
    for item in fresh {
        let before = booked.get(&item.item).and_then(|entry| posted.get(entry));
        let transfers = item.rebooked(before.map_or(&[], Vec::as_slice))?;
        let act = (Act::PayoutMatched(item.item), item.client);
        let entry = entry(&billing.clock, act, matched.match_date, &transfers)?;
        rebooked.push((item, entry.id));
        entries.push(entry);
    }
    write(billing, tx, practice, &entries).await?;
    store::payouts::update_matched(tx, practice, &rebooked).await?;
    announce(billing, tx, practice, &entries).await
}
