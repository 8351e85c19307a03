//! One charge for several bills. What is due is asked of billing before anything is written; its hold, on all of the bills
//! at once, decides.

use super::begin_charge::{self, Begun, NewCharge};
use super::known_bills::{self, Unknown};
use super::means::{self, PayWith};
use super::{Shown, accounts, charge};
use crate::domain::allocation::{self, Allocation};
use crate::domain::refusal::Refusal;
use crate::domain::spread::{Due, SpreadError, spread};
use crate::rpc::billing::DueBill;
use crate::store::bills::BillStatus;
use crate::{Error, Missing, Payments, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{BillId, ClientId, PracticeId};
use money::Money;
use pg::RequestKey;

/// Bills that are to be paid online with one charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayBalance {
    /// The practice.
    pub practice: PracticeId,
    /// Whose bills.
    pub client: ClientId,
    /// Above 0.
    pub amount: Money,
    /// Only these; empty for all that are open.
    pub bills: Vec<BillId>,
    /// Instead of them: how much for which.
    pub allocations: Vec<Allocation>,
    /// With what.
    pub pay_with: PayWith,
}

/// What one try of the first transaction came to.
enum Tried {
    /// It is written down.
    Begun(Begun),
    /// billing has to be asked first who pays.
    Unknown(Unknown),
    /// Nobody asked for it before: billing has to be asked what is due.
    New,
}

/// Charges a card or debits a bank account for several bills. Errors: as PaymentService.PayBalance says; a decline is
/// none.
pub async fn pay_balance(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: PayBalance,
) -> Result<Shown> {
    let practice = asked.practice;
    caller.within(practice)?;
    caller
        .sees_client(asked.client)
        .map_err(|_| Error::Missing(Missing::Client(asked.client)))?;
    let mut parts = None;
    let begun = loop {
        match begin(payments, caller, key, &asked, parts.as_deref()).await? {
            Tried::Begun(begun) => break begun,
            Tried::Unknown(unknown) => known_bills::learn(payments, practice, unknown).await?,
            Tried::New => parts = Some(parts_of(payments, &asked).await?),
        }
    };
    charge::pay(payments, caller, practice, begun).await
}

/// Writes the intent down, leased to this request, once its parts are known. A repeat takes the lease when nobody has it.
async fn begin(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: &PayBalance,
    parts: Option<&[Allocation]>,
) -> Result<Tried> {
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, asked.practice).await?;
    let fresh = match begin_charge::replayed(payments, &mut tx, key, now).await? {
        Ok(fresh) => fresh,
        Err(begun) => {
            tx.commit().await?;
            return Ok(Tried::Begun(begun));
        }
    };
    let practice = store::practices::get(&mut tx, asked.practice).await?;
    let amount = practice.in_currency(asked.amount, "amount")?;
    let Some(allocations) = parts else {
        return Ok(Tried::New);
    };
    let whose = (asked.practice, asked.client);
    let account = accounts::to_charge(payments, &mut tx, &practice).await?;
    let with = (&asked.pay_with, account);
    let (means, presence) = match means::find(&mut tx, caller, whose, with).await? {
        Ok(found) => found,
        Err(unknown) => return Ok(Tried::Unknown(unknown)),
    };
    let charge = NewCharge {
        client: asked.client,
        amount,
        allocations: allocations.to_vec(),
        means,
        presence,
        acceptance: means::acceptance(caller, &asked.pay_with, now),
    };
    let begun =
        begin_charge::write_down(payments, &mut tx, (&practice, now), fresh, charge).await?;
    tx.commit().await?;
    Ok(Tried::Begun(begun))
}

/// Which bill gets how much. Errors: as PaymentService.PayBalance says.
async fn parts_of(payments: &Payments, asked: &PayBalance) -> Result<Vec<Allocation>> {
    let (practice, client) = (asked.practice, asked.client);
    let mut open = payments.billing.list_due(practice, client).await?;
    if open.is_empty() {
        payments.billing.check_client(practice, client).await?;
    }
    let named: Vec<BillId> = if asked.allocations.is_empty() {
        asked.bills.clone()
    } else {
        asked.allocations.iter().map(|part| part.bill).collect()
    };
    for bill in &named {
        if open.iter().all(|due| due.bill.bill != *bill) {
            open.push(named_bill(payments, asked, *bill).await?);
        }
    }
    if !asked.allocations.is_empty() {
        return as_said(asked);
    }
    let wanted = open
        .iter()
        .filter(|due| named.is_empty() || named.contains(&due.bill.bill));
    let wanted = wanted.map(|due| Due {
        bill: due.bill.bill,
        due_date: due.bill.due_date,
        number: due.bill.number,
        balance: due.bill.client_balance,
        held: due.held,
    });
    spread(asked.amount, wanted.collect()).map_err(|refused| match refused {
        SpreadError::NothingDue => Error::Refused(Refusal::NothingDue, None),
        SpreadError::ExceedsBalance(_) => Error::Refused(Refusal::ExceedsClientBalance, None),
        SpreadError::InProgress => Error::Refused(Refusal::PaymentInProgress, None),
        SpreadError::Money(error) => Error::Money(error),
    })
}

/// One that is not among the first that are due. Errors: BILL_NOT_FOUND, also for another client's; BILL_CANCELLED,
/// NOTHING_DUE.
async fn named_bill(payments: &Payments, asked: &PayBalance, bill: BillId) -> Result<DueBill> {
    let found = payments.billing.get_due(asked.practice, bill).await?;
    if found.bill.client != asked.client {
        return Err(Error::Missing(Missing::Bill(bill)));
    }
    match found.bill.status {
        BillStatus::Cancelled => Err(Error::BillCancelled(bill)),
        BillStatus::Paid => Err(Error::Refused(Refusal::NothingDue, Some(bill))),
        BillStatus::Open => Ok(found),
    }
}

/// Errors: INVALID_FIELD, ALLOCATIONS_EXCEED_AMOUNT.
fn as_said(asked: &PayBalance) -> Result<Vec<Allocation>> {
    allocation::check(asked.amount, &asked.allocations)?;
    let parts = asked.allocations.iter().map(|part| part.amount);
    if Money::sum(asked.amount.currency(), parts)? != asked.amount {
        return Err(Invalid::new("allocations", "must sum up to the amount").into());
    }
    Ok(asked.allocations.clone())
}
