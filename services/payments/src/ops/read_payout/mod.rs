//! What is in a payout is read from the processor once, divided among the practices that use its account, and matched to their
//! payments, refunds and disputes; then each practice's part is settled, for itself: what one cannot take in keeps no other
//! from its own. Later words only say where the payout stands. Every step may be done again.

mod outcomes;
mod records;
mod steps;

use super::match_payout_items::{match_by_itself, match_payout_items};
use super::settle_payout::{PartContent, PayoutPart, settle_payout};
use super::{read_dispute, read_payment, read_refund, whose};
use crate::domain::payout::{PayoutItem, PayoutState, Source, SourceKind, Told};
use crate::store::account_payouts::TakenIn;
use crate::store::unmatched_payout_items::Asked;
use crate::wire::processor::payout as told;
use crate::{Error, Payments, Result};
use ::rpc::Caller;
use ids::PracticeId;
use jiff::Timestamp;
use jiff::civil::Date;
use outcomes::Outcomes;
use processor::{PaidOut, Payout};
use records::Unclaimed;

/// Takes in what the processor says of its payout `object`, `po_…`; false when it is none of its, or when what is in it is
/// not known yet. It is read on the account that it is of: a practice's own; none: the installation's. For webhooks. Errors:
/// PROCESSOR_UNAVAILABLE.
pub async fn read_payout(
    payments: &Payments,
    caller: &Caller,
    (object, account): (&str, Option<&str>),
) -> Result<bool> {
    match steps::get(payments, (object, account)).await? {
        Some(payout) => take_in(payments, caller, (&payout, account)).await,
        None => Ok(false),
    }
}

/// Takes in what no webhook told of an account's payouts of the last days before `end`, and at times of those since the oldest
/// of the practice's payments on it that is in none. Errors: PROCESSOR_UNAVAILABLE.
pub async fn read_payouts(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    (end, account): (Timestamp, Option<&str>),
) -> Result<()> {
    caller.within(practice)?;
    let (start, look) = records::look(payments, practice, (end, account)).await?;
    for payout in steps::list(payments, (start, account)).await? {
        match take_in(payments, caller, (&payout, account)).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(payout = payout.id, "what is in a payout is not known yet"),
            Err(error @ Error::ProcessorUnavailable { .. }) => return Err(error),
            Err(error) => {
                tracing::error!(payout = payout.id, %error, "a payout cannot be taken in")
            }
        }
    }
    records::looked(payments, practice, (account, look)).await
}

/// Asks again for what was paid out of the practice's payments and is not known, as if a webhook had told of it, and matches
/// it with what is known: what was paid out by an account that was taken away since, too. Errors: PROCESSOR_UNAVAILABLE.
pub async fn read_unmatched(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
) -> Result<()> {
    caller.within(practice)?;
    for asked in records::without_origin(payments, practice).await? {
        let moved = (asked.what.as_str(), asked.account.as_deref());
        if let Some(moved) = steps::moved(payments, moved).await? {
            records::originated(payments, practice, (asked.item, &moved)).await?;
        }
    }
    let mut intents = Vec::new();
    for (asked, readable) in records::unmatched(payments, practice).await? {
        let Asked { what, account, .. } = asked;
        if readable {
            learn(payments, caller, (&what, account.as_deref())).await?;
        }
        intents.extend(what.intent);
    }
    match_payout_items(payments, caller, practice, &intents).await
}

/// Takes in where a payout stands that is known here, when no more than that is said, and the processor does not say it or
/// cannot be asked: it is settled from what is known. `of` is the only practice that may have a part of it; none: whoever
/// has. False when there is nothing to do.
pub async fn follow_payout(
    payments: &Payments,
    caller: &Caller,
    (object, state): (&str, PayoutState),
    of: Option<PracticeId>,
) -> Result<bool> {
    let Some(before) = records::taken_in(payments, object).await? else {
        return Ok(false);
    };
    let foreign = of.is_some_and(|owner| before.practices.iter().any(|it| *it != owner));
    if foreign || before.state.merged(state) == before.state {
        return Ok(false);
    }
    let told = Told {
        object: object.to_owned(),
        state,
        arrival_date: None,
        failure_code: None,
    };
    follow(payments, caller, &told, before).await?;
    Ok(true)
}

async fn take_in(
    payments: &Payments,
    caller: &Caller,
    (payout, account): (&Payout, Option<&str>),
) -> Result<bool> {
    let Some(told) = told(payout) else {
        return Ok(false);
    };
    match records::taken_in(payments, &told.object).await? {
        Some(before) if before.state.merged(told.state) == before.state => Ok(true),
        Some(before) => {
            follow(payments, caller, &told, before).await?;
            Ok(true)
        }
        None => begin(payments, caller, (payout, account), &told).await,
    }
}

/// What is in it was taken in before: who has a part of it hears where it stands.
async fn follow(payments: &Payments, caller: &Caller, told: &Told, before: TakenIn) -> Result<()> {
    let mut outcomes = Outcomes::new(&told.object);
    for practice in &before.practices {
        let part = PayoutPart {
            told,
            content: None,
        };
        let settled = settle_payout(payments, caller, *practice, part).await;
        outcomes.take(*practice, settled);
    }
    outcomes.end()?;
    records::finish(payments, told, (before.practices, Vec::new())).await
}

/// What is heard of it first.
async fn begin(
    payments: &Payments,
    caller: &Caller,
    (payout, account): (&Payout, Option<&str>),
    told: &Told,
) -> Result<bool> {
    let Some(content) = steps::content(payments, (payout, account)).await? else {
        return Ok(false);
    };
    // That an earlier one failed comes before what was in it is paid out again. Its money is here again, whatever is said.
    for (object, returned) in &content.returned {
        if let Some(returned) = returned {
            Box::pin(take_in(payments, caller, (returned, account))).await?;
        }
        follow_payout(payments, caller, (object, PayoutState::Failed), None).await?;
    }
    let divided = records::divide(payments, (content.moved, account)).await?;
    let whole = Whole {
        told,
        arrival_date: payout.arrival_date,
        account,
        shared: divided.is_shared(),
    };
    let mut outcomes = Outcomes::new(&told.object);
    let mut practices = Vec::new();
    let mut unclaimed = Unclaimed::new();
    unclaimed.extend(divided.unclaimed.into_iter().map(|moved| (None, moved)));
    for (practice, moved) in divided.practices {
        let taken = take_part(payments, caller, practice, (whole, &moved)).await;
        // What of it is not in the practice's books is kept in its name.
        let left = outcomes
            .take(practice, taken)
            .unwrap_or_else(|| moved.clone());
        practices.extend((left.len() < moved.len()).then_some(practice));
        unclaimed.extend(left.into_iter().map(|moved| (Some(practice), moved)));
    }
    outcomes.end()?;
    records::finish(payments, told, (practices, unclaimed)).await?;
    Ok(true)
}

/// What is the same for every part of a payout.
#[derive(Clone, Copy)]
struct Whole<'a> {
    told: &'a Told,
    arrival_date: Date,
    account: Option<&'a str>,
    shared: bool,
}

/// Takes a practice's part in, and answers what of it cannot be: its books are in one currency.
async fn take_part(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    (whole, moved): (Whole<'_>, &[PaidOut]),
) -> Result<Vec<PaidOut>> {
    caller.within(practice)?;
    let (own, foreign) = records::in_currency(payments, practice, moved).await?;
    if own.is_empty() {
        return Ok(foreign);
    }
    let items = matched(payments, caller, practice, (&own, whole.account)).await?;
    let content = PartContent {
        arrival_date: whole.arrival_date,
        account: whole.account,
        shared: whole.shared,
        items: &items,
    };
    let part = PayoutPart {
        told: whole.told,
        content: Some(content),
    };
    settle_payout(payments, caller, practice, part).await?;
    // Something may have become known between the look and the commit.
    let open = items.iter().filter_map(PayoutItem::open_intent);
    let open: Vec<String> = open.map(str::to_owned).collect();
    match_by_itself(payments, caller, practice, &open).await;
    Ok(foreign)
}

/// What the movements are here. What is not known is asked for first, as if a webhook had told of it.
async fn matched(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    (moved, account): (&[PaidOut], Option<&str>),
) -> Result<Vec<PayoutItem>> {
    let items = records::matched(payments, practice, (moved, account)).await?;
    let mut learned = false;
    for item in &items {
        if let (Some(source), None) = (&item.origin.source, item.about) {
            learned |= learn(payments, caller, (source, account)).await?;
        }
    }
    if learned {
        return records::matched(payments, practice, (moved, account)).await;
    }
    Ok(items)
}

/// What a webhook would have told. False when there is nothing to take in, as far as it is known now. Errors: those that
/// pass.
async fn learn(
    payments: &Payments,
    caller: &Caller,
    (source, account): (&Source, Option<&str>),
) -> Result<bool> {
    let object = (source.object.as_str(), account);
    let learned = match source.kind {
        SourceKind::Refund => read_refund(payments, caller, object).await,
        SourceKind::Dispute => read_dispute(payments, caller, object).await,
        SourceKind::Charge => match whose::payment_of(payments, object).await? {
            Some((practice, payment)) => {
                let read = read_payment(payments, caller, practice, payment).await;
                read.map(|()| true)
            }
            None => Ok(false),
        },
    };
    match learned {
        Err(error) if !error.passes() => {
            tracing::error!(object = source.object, %error, "what was paid out cannot be taken in");
            Ok(false)
        }
        learned => learned,
    }
}
