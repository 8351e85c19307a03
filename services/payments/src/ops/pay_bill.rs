//! Three phases, each committed: the intent is written down, the money is set aside and charged, the outcome is
//! recorded. What is left half-way by a crash is found by the payer's repeat or by the reconciler.

use super::begin_charge::{self, Begun, NewCharge};
use super::known_bills::{self, Unknown};
use super::means::{self, PayWith};
use super::{Shown, accounts, charge};
use crate::domain::allocation::Allocation;
use crate::{Error, Missing, Payments, Result, store};
use ::rpc::{Caller, Role};
use ids::{BillId, PracticeId};
use money::Money;
use pg::RequestKey;

/// A bill that is to be paid online.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayBill {
    /// The practice.
    pub practice: PracticeId,
    /// The bill.
    pub bill: BillId,
    /// Above 0.
    pub amount: Money,
    /// With what.
    pub pay_with: PayWith,
}

/// What one try of the first transaction came to.
enum Tried {
    /// It is written down.
    Begun(Begun),
    /// billing has to be asked first.
    Unknown(Unknown),
}

/// Charges a card or debits a bank account for a bill. Errors: as PaymentService.PayBill says; a decline is none.
pub async fn pay_bill(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: PayBill,
) -> Result<Shown> {
    let (practice, bill) = (asked.practice, asked.bill);
    caller.within(practice)?;
    caller
        .sees_bill(bill)
        .map_err(|_| Error::Missing(Missing::Bill(bill)))?;
    let begun = loop {
        match begin(payments, caller, key, &asked).await? {
            Tried::Begun(begun) => break begun,
            Tried::Unknown(unknown) => known_bills::learn(payments, practice, unknown).await?,
        }
    };
    charge::pay(payments, caller, practice, begun).await
}

/// Writes the intent down, leased to this request. A repeat takes the lease when nobody has it.
async fn begin(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: &PayBill,
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
    let bill = match known_bills::find(&mut tx, asked.practice, &[asked.bill]).await? {
        Ok(bills) => bills.into_iter().next(),
        Err(unknown) => return Ok(Tried::Unknown(unknown)),
    };
    let missing = || Error::Missing(Missing::Bill(asked.bill));
    let client = bill.ok_or_else(missing)?.client;
    if caller.role != Role::Guest {
        caller.sees_client(client).map_err(|_| missing())?;
    }
    let whose = (asked.practice, client);
    let account = accounts::to_charge(payments, &mut tx, &practice).await?;
    let with = (&asked.pay_with, account);
    let (means, presence) = match means::find(&mut tx, caller, whose, with).await? {
        Ok(found) => found,
        Err(unknown) => return Ok(Tried::Unknown(unknown)),
    };
    let charge = NewCharge {
        client,
        amount,
        allocations: vec![Allocation {
            bill: asked.bill,
            amount,
        }],
        means,
        presence,
        acceptance: means::acceptance(caller, &asked.pay_with, now),
    };
    let begun =
        begin_charge::write_down(payments, &mut tx, (&practice, now), fresh, charge).await?;
    tx.commit().await?;
    Ok(Tried::Begun(begun))
}
