use crate::domain::bill::Bill;
use crate::domain::payment::Allocation;
use crate::store::holds::Hold;
use crate::{Billing, Error, Missing, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{BillId, ClientId, PaymentId, PracticeId};
use jiff::{SignedDuration, Timestamp};

/// How long a payment may take before others get its place, when it does not say.
const HOLD_LENGTH: SignedDuration = SignedDuration::from_mins(15);
/// No hold is forgotten for longer than this.
const HOLD_LENGTH_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What an online payment in progress wants to have set aside.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceHold {
    /// The practice.
    pub practice: PracticeId,
    /// The payment, which is also the idempotency key.
    pub payment: PaymentId,
    /// Of which bills how much.
    pub parts: Vec<Allocation>,
    /// When it ends by itself; none after a quarter of an hour.
    pub expire_time: Option<Timestamp>,
}

/// Sets parts of client balances aside: all of them, or none. When it ends, and whose the bills are. Errors: as
/// LedgerService.PlaceHold says.
pub async fn place_hold(
    billing: &Billing,
    caller: &Caller,
    mut asked: PlaceHold,
) -> Result<(Timestamp, ClientId)> {
    caller.within(asked.practice)?;
    let now = billing.clock.now();
    let expire_time = end(now, asked.expire_time)?;
    asked.parts.sort_by_key(|part| part.bill);
    let mut tx = pg::begin(&billing.db, asked.practice).await?;
    let practice = store::practices::get(&mut tx, asked.practice).await?;
    for part in &asked.parts {
        practice.in_currency(part.amount, "amount")?;
    }
    let wanted = wanted(&asked.parts)?;
    let bills = store::bills::lock(&mut tx, asked.practice, &wanted).await?;
    let client = one_client(&wanted, &bills)?;
    let before = store::holds::list_of(&mut tx, asked.practice, asked.payment).await?;
    if !before.is_empty() && !same(&before, &asked.parts) {
        return Err(Error::PaymentChanged(asked.payment));
    }
    let ends = before.iter().map(|hold| hold.expire_time).min();
    if let Some(ends) = ends.filter(|ends| *ends > now) {
        return Ok((ends, client));
    }
    let held = store::holds::held_of_each(&mut tx, asked.practice, &wanted, now).await?;
    for (bill, part) in bills.iter().zip(&asked.parts) {
        let others = held.iter().find(|(held, _)| *held == part.bill);
        check(bill, part, others.map_or(0, |(_, minor)| *minor))?;
    }
    let hold = (asked.payment, expire_time);
    store::holds::place(&mut tx, asked.practice, now, hold, &asked.parts).await?;
    tx.commit().await?;
    Ok((expire_time, client))
}

/// Errors: INVALID_FIELD, when it is past or too far ahead.
pub(super) fn end(now: Timestamp, wanted: Option<Timestamp>) -> Result<Timestamp> {
    let after = |length| {
        now.saturating_add(length)
            .map_err(|_| Error::Stored("the end of time"))
    };
    let Some(wanted) = wanted else {
        return after(HOLD_LENGTH);
    };
    if wanted <= now || wanted > after(HOLD_LENGTH_MAX)? {
        return Err(Invalid::new("expire_time", "must be within the next 30 days").into());
    }
    Ok(wanted)
}

/// The bills in the order in which they are locked. Errors: INVALID_FIELD, when there is none or one is named twice.
fn wanted(parts: &[Allocation]) -> Result<Vec<BillId>> {
    let bills: Vec<BillId> = parts.iter().map(|part| part.bill).collect();
    if bills.is_empty() {
        return Err(Invalid::new("parts", "must name a bill").into());
    }
    if bills.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(Invalid::new("parts", "must name a bill once").into());
    }
    Ok(bills)
}

/// Errors: BILL_NOT_FOUND, also for a bill of another client than the first one's.
fn one_client(wanted: &[BillId], bills: &[Bill]) -> Result<ClientId> {
    let missing = |bill: BillId| Error::Missing(Missing::Bill(bill));
    let found = |bill: BillId| bills.iter().find(|one| one.id() == bill);
    let mut client = None;
    for bill in wanted {
        let whose = found(*bill).ok_or_else(|| missing(*bill))?.standing.client;
        if *client.get_or_insert(whose) != whose {
            return Err(missing(*bill));
        }
    }
    client.ok_or(Error::Stored("a hold of no bill"))
}

fn same(before: &[Hold], parts: &[Allocation]) -> bool {
    let held = before.iter().map(|hold| (hold.bill, hold.amount));
    held.eq(parts.iter().map(|part| (part.bill, part.amount)))
}

/// Whether a part of a locked bill is free. Errors: BILL_CANCELLED, NOTHING_DUE, EXCEEDS_CLIENT_BALANCE,
/// PAYMENT_IN_PROGRESS.
fn check(bill: &Bill, part: &Allocation, others_minor: i64) -> Result<()> {
    let (id, standing) = (bill.id(), &bill.standing);
    if standing.cancelled {
        return Err(Error::BillCancelled(id));
    }
    if !standing.client_balance.is_positive() {
        return Err(Error::NothingDue(id));
    }
    if part.amount.compare(standing.client_balance)?.is_gt() {
        return Err(Error::ExceedsClientBalance(standing.client_balance));
    }
    let free = standing.client_balance.minor().saturating_sub(others_minor);
    if part.amount.minor() > free {
        return Err(Error::PaymentInProgress(id));
    }
    Ok(())
}
