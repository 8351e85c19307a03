use super::get_bill::{ShownBill, shown};
use super::{entry, post};
use crate::domain::credit::{self, CreditRefusal};
use crate::domain::entry::Act;
use crate::wire::event;
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use jiff::Timestamp;
use money::Money;
use pg::RequestKey;
use sqlx::PgConnection;

/// The bill after credit was used for it, or taken off it.
#[derive(Clone, Debug, PartialEq)]
pub struct CreditApplied {
    /// The bill.
    pub bill: ShownBill,
    /// Credit that is left.
    pub credit: Money,
}

/// Pays a bill from the client's credit. Errors: as LedgerService.ApplyCredit says.
pub async fn apply_credit(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    (practice_id, bill): (PracticeId, BillId),
    amount: Money,
) -> Result<CreditApplied> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, bill.uuid(), now).await? {
        return with_credit(&mut tx, (practice_id, first.into()), now).await;
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let amount = practice.in_currency(amount, "amount")?;
    let before = store::bills::lock_one(&mut tx, practice_id, bill).await?;
    let client = before.standing.client;
    let credit =
        store::accounts::lock_credit(&mut tx, practice_id, client, practice.currency).await?;

    let free = before
        .standing
        .client_balance
        .minus(store::holds::held(&mut tx, practice_id, (bill, practice.currency), now).await?)?;
    // An online payment under way has set its part aside: what it will take cannot be paid by credit too.
    if amount.minor() > free.minor() && amount.minor() <= before.standing.client_balance.minor() {
        return Err(Error::PaymentInProgress(bill));
    }

    let (transfers, after) = credit::apply_credit(&before.standing, amount, credit)
        .map_err(|refusal| refused(refusal, bill))?;
    let today = practice.local_date(now)?;
    let entry = entry(
        &billing.clock,
        (Act::CreditApplied(bill), client),
        today,
        &transfers,
    )?;

    store::bills::update_standings(&mut tx, practice_id, &[after]).await?;
    post(&mut tx, practice_id, now, &entry).await?;
    let bill = shown(&mut tx, practice_id, bill, now).await?;
    let events = [
        event::of(
            &billing.clock,
            &event::balance_changed(&bill.bill, entry.id),
        ),
        event::of(&billing.clock, &event::entry_posted(practice_id, &entry)),
    ];
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    tx.commit().await?;
    Ok(CreditApplied {
        bill,
        credit: credit.minus(amount)?,
    })
}

/// The bill as it stands, with the credit that its client has.
pub(super) async fn with_credit(
    conn: &mut PgConnection,
    (practice, bill): (PracticeId, BillId),
    now: Timestamp,
) -> Result<CreditApplied> {
    let bill = shown(conn, practice, bill, now).await?;
    let (client, currency) = (bill.bill.standing.client, bill.held.currency());
    let balance = store::accounts::client_balance(conn, practice, client, currency).await?;
    Ok(CreditApplied {
        bill,
        credit: balance.credit,
    })
}

pub(super) fn refused(refusal: CreditRefusal, bill: BillId) -> Error {
    match refusal {
        CreditRefusal::Cancelled => Error::BillCancelled(bill),
        CreditRefusal::Exceeds(limit) => Error::ExceedsCredit(limit),
        CreditRefusal::ExceedsClientBalance(balance) => Error::ExceedsClientBalance(balance),
        CreditRefusal::Money(error) => Error::Money(error),
    }
}
