//! What is in a payout is read from the processor, divided among the practices that use its account, and matched to their
//! payments, refunds and disputes; then each practice's part is settled. Every step may be done again.

mod records;
mod steps;

use super::settle_payout::{PayoutPart, settle_payout};
use super::{read_dispute, read_payment, read_refund, whose};
use crate::domain::payout::PayoutItem;
use crate::wire::processor::payout as told;
use crate::{Error, Payments, Result};
use ::rpc::Caller;
use ids::PracticeId;
use jiff::{SignedDuration, Timestamp};
use processor::{PaidOut, PaidOutSource, Payout, TransactionSource};

/// A payout that was paid may fail within five banking days; made by then, it is read again each night.
const LOOKED_AFTER: SignedDuration = SignedDuration::from_hours(14 * 24);

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

/// Takes in what no webhook told of an account's payouts of the last days before `end`. Errors: PROCESSOR_UNAVAILABLE.
pub async fn read_payouts(
    payments: &Payments,
    caller: &Caller,
    (end, account): (Timestamp, Option<&str>),
) -> Result<()> {
    let start = end.saturating_sub(LOOKED_AFTER).unwrap_or(end);
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
    Ok(())
}

async fn take_in(
    payments: &Payments,
    caller: &Caller,
    (payout, account): (&Payout, Option<&str>),
) -> Result<bool> {
    let Some(told) = told(payout) else {
        return Ok(false);
    };
    let before = records::taken_in(payments, &told.object).await?;
    let old = |state: crate::domain::payout::PayoutState| state.merged(told.state) == state;
    if before.as_ref().is_some_and(|it| old(it.state)) {
        return Ok(true);
    }
    let Some(content) = steps::content(payments, (payout, account)).await? else {
        return Ok(false);
    };
    // That an earlier one failed comes before what was in it is paid out again.
    for returned in &content.returned {
        Box::pin(read_payout(payments, caller, (returned, account))).await?;
    }
    let divided = records::divide(payments, before.as_ref(), (content.moved, account)).await?;
    let shared = divided.is_shared();
    for (practice, moved) in &divided.practices {
        caller.within(*practice)?;
        let items = matched(payments, caller, *practice, (moved, account)).await?;
        let part = PayoutPart {
            told: &told,
            shared,
            items: &items,
        };
        settle_payout(payments, caller, *practice, part).await?;
    }
    records::finish(payments, &told, divided).await?;
    Ok(true)
}

/// What the movements are here. What is not known is asked for first, as if a webhook had told of it.
async fn matched(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    (moved, account): (&[PaidOut], Option<&str>),
) -> Result<Vec<PayoutItem>> {
    let items = records::matched(payments, practice, moved).await?;
    let mut learned = false;
    for (moved, item) in moved.iter().zip(&items) {
        if let (PaidOutSource::Payers(source), None) = (&moved.what, item.about) {
            learned |= learn(payments, caller, (source, account)).await?;
        }
    }
    if learned {
        return records::matched(payments, practice, moved).await;
    }
    Ok(items)
}

/// What a webhook would have told. False when there is nothing to take in.
async fn learn(
    payments: &Payments,
    caller: &Caller,
    (source, account): (&TransactionSource, Option<&str>),
) -> Result<bool> {
    match source {
        TransactionSource::Refund { refund, .. } => {
            read_refund(payments, caller, (refund, account)).await
        }
        TransactionSource::Dispute { dispute, .. } => {
            read_dispute(payments, caller, (dispute, account)).await
        }
        TransactionSource::Charge {
            payment_intent: Some(intent),
            ..
        } => match whose::payment_of(payments, (intent, account)).await? {
            Some((practice, payment)) => {
                read_payment(payments, caller, practice, payment).await?;
                Ok(true)
            }
            None => Ok(false),
        },
        TransactionSource::Charge {
            payment_intent: None,
            ..
        }
        | TransactionSource::Other => Ok(false),
    }
}
