use crate::store::holds::Hold;
use crate::{Billing, Error, Result, store};
use ::rpc::Caller;
use ids::{BillId, ClientId, PaymentId, PracticeId};
use jiff::SignedDuration;
use money::Money;

/// How long a payment may take before others get its place.
const HOLD_LENGTH: SignedDuration = SignedDuration::from_mins(15);

/// Sets part of a bill's client balance aside for an online payment in progress. Errors: as LedgerService.PlaceHold says,
/// and PAYMENT_CHANGED for a payment that holds something else.
pub async fn place_hold(
    billing: &Billing,
    caller: &Caller,
    (practice_id, bill): (PracticeId, BillId),
    (payment, amount): (PaymentId, Money),
) -> Result<(Hold, ClientId)> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let amount = practice.in_currency(amount, "amount")?;
    let locked = store::bills::lock_one(&mut tx, practice_id, bill)
        .await?
        .standing;
    let before = store::holds::find(&mut tx, practice_id, payment).await?;
    if before.is_some_and(|hold| hold.bill != bill || hold.amount != amount) {
        return Err(Error::PaymentChanged(payment));
    }
    if let Some(hold) = before.filter(|hold| hold.expire_time > now) {
        return Ok((hold, locked.client));
    }
    if locked.cancelled {
        return Err(Error::BillCancelled(bill));
    }
    if !locked.client_balance.is_positive() {
        return Err(Error::NothingDue(bill));
    }
    if amount.compare(locked.client_balance)?.is_gt() {
        return Err(Error::ExceedsClientBalance(locked.client_balance));
    }
    let held = store::holds::held(&mut tx, practice_id, (bill, practice.currency), now).await?;
    if amount.compare(locked.client_balance.minus(held)?)?.is_gt() {
        return Err(Error::PaymentInProgress(bill));
    }
    let expire_time = now
        .saturating_add(HOLD_LENGTH)
        .map_err(|_| Error::Stored("the end of time"))?;
    let hold = Hold {
        payment,
        bill,
        amount,
        expire_time,
    };
    store::holds::place(&mut tx, practice_id, now, &hold).await?;
    tx.commit().await?;
    Ok((hold, locked.client))
}
