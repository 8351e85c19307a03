use super::get_bill::{ShownBill, shown};
use super::{entry, post_all};
use crate::domain::adjustment::{
    Adjustable, Adjustment, AdjustmentRefusal, Extent, Reduction, adjust,
};
use crate::domain::bill::{Line, Standing};
use crate::domain::entry::{Act, Entry};
use crate::store::practices::Practice;
use crate::wire::event;
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use clock::Clock;
use ids::{AdjustmentId, BillId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use pg::RequestKey;

/// Takes something off what the client owes on a bill. Errors: as BillService.AdjustBill says.
pub async fn adjust_bill(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, bill): (PracticeId, BillId),
    reduction: Reduction,
) -> Result<(ShownBill, Adjustment)> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let id = AdjustmentId::new(&billing.clock);
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let replayed = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let whose = (bill, practice.currency);
    if let Some(first) = replayed {
        let adjustment = store::adjustments::get(&mut tx, practice_id, whose, first.into()).await?;
        return Ok((shown(&mut tx, practice_id, bill, now).await?, adjustment));
    }
    let reduction = in_currency(&practice, reduction, "reduction")?;
    let before = store::bills::lock_one(&mut tx, practice_id, bill)
        .await?
        .standing;
    let lines = store::bills::lines(&mut tx, practice_id, bill, practice.currency).await?;
    let adjustments = store::adjustments::live_on_bill(&mut tx, practice_id, whose).await?;
    let held = store::holds::held(&mut tx, practice_id, whose, now).await?;

    let on = Reductions {
        bill: before,
        lines: &lines,
        adjustments,
        held,
        first_id: Some(id),
        field: &|_| "reduction".to_owned(),
    };
    let today = practice.local_date(now)?;
    let reduced = reduce(&billing.clock, (today, now), on, &[reduction])?;
    let adjustment = reduced.adjustments.first().cloned();
    let adjustment = adjustment.ok_or(Error::NothingToAdjust(bill))?;

    store::bills::update_standings(&mut tx, practice_id, &[reduced.bill]).await?;
    post_all(&mut tx, practice_id, now, &reduced.entries).await?;
    let written = [(bill, adjustment.clone())];
    store::adjustments::insert(&mut tx, practice_id, &caller.subject, &written).await?;
    let bill = shown(&mut tx, practice_id, bill, now).await?;
    let mut events = vec![
        event::of(
            &billing.clock,
            &event::bill_adjusted(&bill.bill, &adjustment),
        ),
        event::of(
            &billing.clock,
            &event::balance_changed(&bill.bill, adjustment.entry),
        ),
    ];
    for entry in &reduced.entries {
        events.push(event::of(
            &billing.clock,
            &event::entry_posted(practice_id, entry),
        ));
    }
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    tx.commit().await?;
    Ok((bill, adjustment))
}

/// The amount of a reduction in the practice's currency. Errors: CURRENCY_MISMATCH.
fn in_currency(practice: &Practice, reduction: Reduction, field: &str) -> Result<Reduction> {
    let extent = match reduction.extent {
        Extent::Amount(amount) => {
            Extent::Amount(practice.in_currency(amount, &format!("{field}.amount"))?)
        }
        other @ (Extent::Percent(_) | Extent::Whole) => other,
    };
    Ok(Reduction {
        extent,
        ..reduction
    })
}

/// Many, each named with its place in `field`. Errors: CURRENCY_MISMATCH.
pub(super) fn reductions(
    practice: &Practice,
    asked: Vec<Reduction>,
    field: &str,
) -> Result<Vec<Reduction>> {
    let asked = asked.into_iter().enumerate();
    asked
        .map(|(at, reduction)| in_currency(practice, reduction, &format!("{field}[{at}]")))
        .collect()
}

/// A bill that something is taken off.
pub(super) struct Reductions<'a> {
    pub(super) bill: Standing,
    pub(super) lines: &'a [Line],
    /// Those that count already.
    pub(super) adjustments: Vec<Adjustment>,
    pub(super) held: Money,
    /// The id of the first adjustment, when it is drawn.
    pub(super) first_id: Option<AdjustmentId>,
    /// What the caller calls the reduction in this place, from 0.
    pub(super) field: &'a (dyn Fn(usize) -> String + Sync),
}

impl<'a> Reductions<'a> {
    /// On a bill that nobody can know yet.
    pub(super) fn on_new(
        bill: &Standing,
        lines: &'a [Line],
        field: &'a (dyn Fn(usize) -> String + Sync),
    ) -> Self {
        Self {
            bill: *bill,
            lines,
            adjustments: Vec::new(),
            held: Money::zero(bill.client_owes.currency()),
            first_id: None,
            field,
        }
    }
}

/// What was taken off, with an entry each.
pub(super) struct Reduced {
    pub(super) bill: Standing,
    pub(super) adjustments: Vec<Adjustment>,
    pub(super) entries: Vec<Entry>,
}

/// Takes off one after the other, each from what the one before has left. Errors: INVALID_FIELD,
/// ADJUSTMENT_EXCEEDS_LINE, ADJUSTMENT_EXCEEDS_BALANCE, NOTHING_TO_ADJUST, BILL_CANCELLED.
pub(super) fn reduce(
    clock: &Clock,
    (date, now): (Date, Timestamp),
    mut on: Reductions<'_>,
    reductions: &[Reduction],
) -> Result<Reduced> {
    let (mut made, mut entries) = (Vec::new(), Vec::new());
    for (at, reduction) in reductions.iter().enumerate() {
        let adjustable = Adjustable {
            bill: &on.bill,
            lines: on.lines,
            adjustments: &on.adjustments,
            held: on.held,
        };
        let reduced = adjust(adjustable, reduction)
            .map_err(|refusal| refused(refusal, on.bill.bill, &(on.field)(at)))?;
        let id = on
            .first_id
            .take()
            .unwrap_or_else(|| AdjustmentId::new(clock));
        let act = (Act::Adjusted(id, on.bill.bill), on.bill.client);
        let entry = entry(clock, act, date, &reduced.transfers)?;
        let extent = match reduction.extent {
            Extent::Whole => Extent::Amount(reduced.amount),
            other @ (Extent::Amount(_) | Extent::Percent(_)) => other,
        };
        let adjustment = Adjustment {
            id,
            reduction: Reduction {
                extent,
                ..reduction.clone()
            },
            amount: reduced.amount,
            entry: entry.id,
            create_time: now,
            reverse_time: None,
        };
        on.bill = reduced.bill;
        on.adjustments.push(adjustment.clone());
        made.push(adjustment);
        entries.push(entry);
    }
    Ok(Reduced {
        bill: on.bill,
        adjustments: made,
        entries,
    })
}

/// `field` is what the caller calls the reduction.
pub(super) fn refused(refusal: AdjustmentRefusal, bill: BillId, field: &str) -> Error {
    match refusal {
        AdjustmentRefusal::Cancelled => Error::BillCancelled(bill),
        AdjustmentRefusal::NoSuchLine(_) => {
            let field = format!("{field}.line_number");
            Invalid::new(field, "must be a line of the bill").into()
        }
        AdjustmentRefusal::ExceedsLine(left) => Error::AdjustmentExceedsLine(left),
        AdjustmentRefusal::ExceedsBalance(left) => Error::AdjustmentExceedsBalance(left),
        AdjustmentRefusal::Nothing => Error::NothingToAdjust(bill),
        AdjustmentRefusal::Money(error) => Error::Money(error),
    }
}
