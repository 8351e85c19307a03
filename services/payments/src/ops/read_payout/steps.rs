//! The calls to the processor; no transaction begins here.

use crate::ops::unavailable;
use crate::ops::whose::Object;
use crate::{Payments, Result};
use jiff::Timestamp;
use money::Money;
use processor::{PaidOut, PaidOutSource, Payout, PayoutContent, ProcessorError};

/// A payout of one that failed, of one that failed, … is followed so far.
const FAILURES_MAX: usize = 10;

/// What is in a payout.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// In the order in which it moved.
    pub(super) moved: Vec<PaidOut>,
    /// Earlier payouts, `po_…`, that did not arrive and whose money is in it; each as it is now, when the processor knows it.
    pub(super) returned: Vec<(String, Option<Payout>)>,
}

/// The payout as it is now; none when the processor does not know it. Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn get(
    payments: &Payments,
    (object, account): Object<'_>,
) -> Result<Option<Payout>> {
    let processor = payments.at(account)?;
    match processor.get_payout(object).await {
        Ok(payout) => Ok(Some(payout)),
        Err(ProcessorError::Rejected { .. }) => Ok(None),
        Err(error) => Err(unavailable(&error)),
    }
}

/// The payouts of an account that were made from `start` on, oldest first. Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn list(
    payments: &Payments,
    (start, account): (Timestamp, Option<&str>),
) -> Result<Vec<Payout>> {
    let processor = payments.at(account)?;
    let listed = processor.list_payouts(start).await;
    let mut payouts = listed.map_err(|error| unavailable(&error))?;
    payouts.reverse();
    Ok(payouts)
}

/// A movement that was paid out, as the processor knows it, `txn_…`; none when it does not. Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn moved(
    payments: &Payments,
    (transaction, account): Object<'_>,
) -> Result<Option<PaidOut>> {
    let processor = payments.at(account)?;
    match processor.get_paid_out(transaction).await {
        Ok(moved) => Ok(Some(moved)),
        Err(ProcessorError::Rejected { .. }) => Ok(None),
        Err(error) => Err(unavailable(&error)),
    }
}

/// What is in a payout; none when that is not complete yet. What is in it of an earlier payout that did not arrive is named
/// movement by movement. Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn content(
    payments: &Payments,
    (payout, account): (&Payout, Option<&str>),
) -> Result<Option<Content>> {
    match payout.content {
        PayoutContent::NotYet => return Ok(None),
        PayoutContent::Unknown => return Ok(Some(unknown(payout))),
        PayoutContent::Listed => {}
    }
    let mut content = Content {
        moved: paid_out(payments, (&payout.id, account)).await?,
        returned: Vec::new(),
    };
    for _ in 0..FAILURES_MAX {
        let again = |moved: &PaidOut| matches!(moved.what, PaidOutSource::ReturnedPayout(_));
        if !content.moved.iter().any(again) {
            break;
        }
        let Some(wider) = expanded(payments, (content, account)).await? else {
            return Ok(None);
        };
        content = wider;
    }
    if nets(&content.moved, payout.amount)? {
        return Ok(Some(content));
    }
    tracing::warn!(payout = payout.id, "what is in a payout does not sum to it");
    Ok(None)
}

/// Each payout that did not arrive is replaced by what was in it; none when that is not complete yet.
async fn expanded(
    payments: &Payments,
    (content, account): (Content, Option<&str>),
) -> Result<Option<Content>> {
    let mut wider = Content {
        moved: Vec::with_capacity(content.moved.len()),
        returned: content.returned,
    };
    for moved in content.moved {
        let PaidOutSource::ReturnedPayout(object) = &moved.what else {
            wider.moved.push(moved);
            continue;
        };
        let returned = get(payments, (object, account)).await?;
        let inside = match returned.as_ref().map(|payout| payout.content) {
            Some(PayoutContent::NotYet) => return Ok(None),
            Some(PayoutContent::Listed) => paid_out(payments, (object, account)).await?,
            Some(PayoutContent::Unknown) | None => Vec::new(),
        };
        wider.returned.push((object.clone(), returned));
        if nets(&inside, moved.gross)? {
            wider.moved.extend(inside);
        } else {
            let what = PaidOutSource::Other("payout_failure".to_owned());
            wider.moved.push(PaidOut { what, ..moved });
        }
    }
    Ok(Some(wider))
}

async fn paid_out(payments: &Payments, (object, account): Object<'_>) -> Result<Vec<PaidOut>> {
    let processor = payments.at(account)?;
    let listed = processor.list_paid_out(object).await;
    listed.map_err(|error| unavailable(&error))
}

/// All of it is one movement of which nothing is known.
fn unknown(payout: &Payout) -> Content {
    let whole = PaidOut {
        id: payout.id.clone(),
        gross: payout.amount,
        fee: Money::zero(payout.amount.currency()),
        what: PaidOutSource::Other("payout_by_hand".to_owned()),
    };
    Content {
        moved: vec![whole],
        returned: Vec::new(),
    }
}

/// Whether they are an amount. What is in another currency is no part of it.
fn nets(moved: &[PaidOut], amount: Money) -> Result<bool> {
    let currency = amount.currency();
    let mut sum = Money::zero(currency);
    for moved in moved.iter().filter(|it| it.gross.currency() == currency) {
        sum = sum.plus(moved.gross)?.minus(moved.fee)?;
    }
    Ok(sum == amount)
}
