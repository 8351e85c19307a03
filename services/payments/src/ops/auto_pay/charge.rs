//! The charges of a night. Each bill is looked at once more, for hours may have passed since it was chosen; then credit
//! pays, then the method is charged. What is begun has its payment written down in the item's own transaction.

use super::{Night, credit, lease_end};
use crate::domain::allocation::Allocation;
use crate::domain::autopay::{Choice, SkipReason, choose};
use crate::domain::charge::Presence;
use crate::domain::means::Means;
use crate::domain::pacing;
use crate::ops::accounts;
use crate::ops::begin_charge::{Fresh, NewCharge, write_down};
use crate::ops::charge::{go_on_paced, hold_off};
use crate::store::autopay_candidates::ChargedMethod;
use crate::store::autopay_items::{DueItem, ItemState};
use crate::{AutoPayRefusal, Error, Payments, Result, store};
use ids::PaymentId;
use money::Money;
use pg::Tx;

/// Items between two renewals of the lease.
const BATCH: i64 = 16;
/// Items that are gone on with at once.
const AT_ONCE: usize = 4;
/// How often a charge is tried while the processor is busy; after that it is the reconciler's.
const BUSY_TRIES: u32 = 5;

/// Charges what the night is to charge. Errors: NIGHT_TAKEN_OVER; `Billing`, when nothing can be done without it.
pub(in crate::ops) async fn charge(payments: &Payments, night: Night<'_>) -> Result<()> {
    let (practice, run_date) = (night.due.practice, night.due.run_date);
    let mut left = None;
    loop {
        let mut tx = pg::begin(&payments.db, practice).await?;
        let until = lease_end(payments.clock.now());
        if !store::autopay_queue::renew(&mut tx, night.due, until).await? {
            return Err(AutoPayRefusal::NightTakenOver.into());
        }
        let due = store::autopay_items::list_due(&mut tx, practice, run_date, BATCH).await?;
        tx.commit().await?;
        if due.is_empty() {
            return Ok(());
        }
        let mut failures = Vec::new();
        for part in due.chunks(AT_ONCE) {
            let mut under_way = Vec::with_capacity(AT_ONCE);
            for item in part {
                under_way.push(charge_item(payments, night, *item));
            }
            let done = futures::future::join_all(under_way).await;
            failures.extend(done.into_iter().filter_map(Result::err));
        }
        // Items that are still due after they were gone through twice wait for the night to be taken up again.
        let bills: Vec<_> = due.iter().map(|item| item.bill).collect();
        let stuck = left.replace(bills.clone()) == Some(bills);
        for error in failures {
            if stuck || matches!(error, Error::AutoPay(AutoPayRefusal::NightTakenOver)) {
                return Err(error);
            }
            tracing::warn!(%error, %practice, "an item of AutoPay is not done yet");
        }
    }
}

async fn charge_item(payments: &Payments, night: Night<'_>, item: DueItem) -> Result<()> {
    let mut tx = ours(payments, night).await?;
    let Some((item, _)) = look_again((payments, &mut tx), night, item).await? else {
        return Ok(tx.commit().await?);
    };
    drop(tx);
    let left = credit::use_credit(payments, night, item).await?;
    crate::crash::point("autopay_credited");
    if left.is_zero() {
        return credited(payments, night, item).await;
    }
    let Some((payment, account)) = start(payments, night, (item, left)).await? else {
        return Ok(());
    };
    crate::crash::point("autopay_started");
    go_on(payments, night, payment, account.as_deref()).await
}

/// Credit has paid all of it.
async fn credited(payments: &Payments, night: Night<'_>, item: DueItem) -> Result<()> {
    let mut tx = ours(payments, night).await?;
    let which = (night.due.run_date, item.bill, item.payer);
    let (practice, now) = (night.due.practice, payments.clock.now());
    let state = ItemState::Credited;
    store::autopay_items::update_state(&mut tx, practice, which, state, now).await?;
    store::upcoming_charges::update_charged(&mut tx, practice, &[item.bill], now).await?;
    Ok(tx.commit().await?)
}

/// A transaction that another worker, who has the night now, cannot have. Errors: NIGHT_TAKEN_OVER.
pub(super) async fn ours(payments: &Payments, night: Night<'_>) -> Result<Tx> {
    let mut tx = pg::begin(&payments.db, night.due.practice).await?;
    if store::autopay_queue::is_ours(&mut tx, night.due).await? {
        return Ok(tx);
    }
    Err(AutoPayRefusal::NightTakenOver.into())
}

/// The item as it is to be charged now, and with what; none when it is left out after all, which is written down. Once
/// credit was asked to pay, the amounts stay as they are: what billing's feed says meanwhile may or may not count it
/// already. What stands in the way is asked again all the same.
async fn look_again(
    (payments, tx): (&Payments, &mut Tx),
    night: Night<'_>,
    item: DueItem,
) -> Result<Option<(DueItem, ChargedMethod)>> {
    let (practice, run_date) = (night.due.practice, night.due.run_date);
    // The switches as they are now: a night takes hours.
    let online = store::practices::get(tx, practice).await?.online_payments;
    let settings = store::autopay_settings::get(tx, practice).await?;
    let announce_all = settings.announce_all;
    let found = store::autopay_candidates::find(tx, practice, item.bill, announce_all).await?;
    let mut candidate = found.ok_or(Error::Stored("an item without its bill"))?;
    candidate.facts.on &= online && settings.enabled;
    candidate.facts.no_account = accounts::is_missing(payments, tx, practice).await?;
    let payer_stays = candidate.payer == Some(item.payer);
    if item.credit.is_some() {
        (candidate.facts.open, candidate.facts.client_balance) = (true, item.amount);
    }
    let choice = choose(&candidate.facts, run_date);
    let skipped = match (choice, candidate.method) {
        (Choice::Charge(amount), Some(method)) if payer_stays => {
            return Ok(Some((DueItem { amount, ..item }, method)));
        }
        (Choice::Charge(_), Some(_)) => SkipReason::Off,
        (Choice::Charge(_), None) => SkipReason::NoMethod,
        (Choice::Announce(_), _) => SkipReason::UpcomingCharge,
        (Choice::Skip(reason), _) => reason,
    };
    let which = (run_date, item.bill, item.payer);
    let state = ItemState::Skipped(skipped);
    let now = payments.clock.now();
    store::autopay_items::update_state(tx, practice, which, state, now).await?;
    Ok(None)
}

/// Writes the payment down with its item, leased to us, unless something came in the way while credit was used: what is
/// asked here is as it is when the payment is written. The payment, and the practice's own account that it is made on. None
/// when it is left out, or somebody else has it.
async fn start(
    payments: &Payments,
    night: Night<'_>,
    (item, amount): (DueItem, Money),
) -> Result<Option<(PaymentId, Option<String>)>> {
    let mut tx = ours(payments, night).await?;
    // What credit was asked for is noted, so the amounts stay.
    let noted = DueItem {
        credit: item.credit.or(Some(Money::zero(amount.currency()))),
        ..item
    };
    let Some((_, method)) = look_again((payments, &mut tx), night, noted).await? else {
        tx.commit().await?;
        return Ok(None);
    };
    let now = payments.clock.now();
    let fresh = Fresh::of_the_night(payments);
    let new = new_charge((item, amount), &method);
    let begun = write_down(payments, &mut tx, (night.practice, now), fresh, new).await?;
    let which = (night.due.run_date, item.bill, item.payer);
    let started = (night.due.practice, begun.payment);
    if !store::autopay_items::start(&mut tx, started, which, &method, now).await? {
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some((begun.payment, method.account)))
}

fn new_charge((item, amount): (DueItem, Money), method: &ChargedMethod) -> NewCharge {
    NewCharge {
        client: item.client,
        amount,
        allocations: vec![Allocation {
            bill: item.bill,
            amount,
        }],
        means: Means {
            account: method.account.clone(),
            token: Some(method.processor_method.clone()),
            method: Some(method.method),
            customer: Some(method.processor_customer.clone()),
            save_for: None,
            funding: method.funding,
            hsa_fsa: method.hsa_fsa,
        },
        presence: Presence::Nobody,
        acceptance: None,
    }
}

/// Goes on with a payment, and leaves the processor alone when it is busy. What is not settled then, the reconciler
/// finishes, or gives up before the next night.
async fn go_on(
    payments: &Payments,
    night: Night<'_>,
    payment: PaymentId,
    account: Option<&str>,
) -> Result<()> {
    for tries in 0..BUSY_TRIES {
        match go_on_paced(payments, night.due.practice, payment).await {
            Err(Error::ProcessorUnavailable { retry_after }) => {
                let pause = pacing::back_off(tries, retry_after);
                hold_off(payments, account, pause).await?;
            }
            Err(Error::Billing(status)) => {
                tracing::warn!(%payment, %status, "billing does not answer");
                tokio::time::sleep(pacing::back_off(tries, std::time::Duration::ZERO)).await;
            }
            Err(error) => {
                tracing::error!(%payment, %error, "a charge of AutoPay is left to the reconciler");
                return Ok(());
            }
            Ok(()) => return Ok(()),
        }
    }
    Ok(())
}
