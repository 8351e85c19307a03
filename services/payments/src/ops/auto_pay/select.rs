//! Which bills a night charges, slice by slice, each committed before the next: memory is flat, and a night that is begun
//! again finds what is chosen already.

use super::{Night, announce};
use crate::domain::autopay::{Choice, SkipReason, choose};
use crate::ops::accounts;
use crate::store::autopay_candidates::Candidate;
use crate::store::autopay_items::{ItemState, NewItem};
use crate::{AutoPayRefusal, OUTBOX, Payments, Result, store};
use ::rpc::Caller;
use ids::BillId;

/// Bills in one transaction.
const SLICE: i64 = 500;

/// Chooses the night's bills. Errors: NIGHT_TAKEN_OVER.
pub(in crate::ops) async fn select(payments: &Payments, night: Night<'_>) -> Result<()> {
    let mut after = None;
    while let Some(last) = ::rpc::rerun(|| slice(payments, night, after)).await? {
        after = Some(last);
    }
    let (practice, now) = (night.due.practice, payments.clock.now());
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::autopay_runs::update_selected(&mut tx, practice, (night.due.run_date, now)).await?;
    Ok(tx.commit().await?)
}

/// Chooses among the next bills and answers the last of them; none when there are none.
async fn slice(
    payments: &Payments,
    night: Night<'_>,
    after: Option<BillId>,
) -> Result<Option<BillId>> {
    let caller = Caller::worker("payments");
    let (practice, run_date) = (night.due.practice, night.due.run_date);
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    if !store::autopay_queue::is_ours(&mut tx, night.due).await? {
        return Err(AutoPayRefusal::NightTakenOver.into());
    }
    let wanted = (run_date, night.settings.announce_all);
    let mut candidates =
        store::autopay_candidates::list(&mut tx, practice, wanted, (after, SLICE)).await?;
    let Some(last) = candidates.last().map(|candidate| candidate.bill) else {
        return Ok(None);
    };
    let no_account = accounts::is_missing(payments, &mut tx, practice).await?;
    for candidate in &mut candidates {
        // Nothing is charged for a practice that has switched online payments off, or has no account to charge on.
        candidate.facts.on &= night.practice.online_payments;
        candidate.facts.no_account = no_account;
    }
    let (mut items, mut events) = (Vec::with_capacity(candidates.len()), Vec::new());
    for candidate in &candidates {
        let state = match choose(&candidate.facts, run_date) {
            Choice::Charge(_) => ItemState::Due,
            Choice::Skip(reason) => ItemState::Skipped(reason),
            Choice::Announce(amount) => {
                let told =
                    announce::announce((payments, &mut tx), night, (candidate, amount), &caller);
                events.push(told.await?);
                ItemState::Skipped(SkipReason::UpcomingCharge)
            }
        };
        items.extend(item(candidate, state));
    }
    store::autopay_items::insert(&mut tx, practice, (run_date, now), &items).await?;
    OUTBOX.append(&mut tx, practice, now, &events).await?;
    tx.commit().await?;
    Ok(Some(last))
}

/// None for a bill that nobody pays by AutoPay.
fn item(candidate: &Candidate, state: ItemState) -> Option<NewItem> {
    Some(NewItem {
        bill: candidate.bill,
        client: candidate.client,
        payer: candidate.payer?,
        state,
        amount: candidate.facts.client_balance,
        method: candidate.method.as_ref().map(|method| method.method),
    })
}
