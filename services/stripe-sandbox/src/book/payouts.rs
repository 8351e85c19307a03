//! Payouts: all that the balance holds goes to the bank, refunds, disputes and fees taken off. One that fails, even after
//! it was paid, comes back as a movement of its own, which the next payout pays out.

use serde::Deserialize;
use serde_json::json;

use super::Act;
use super::rows::{Payout, PayoutStatus, Transaction};
use crate::error::ApiError;
use crate::shape;

const DAY_SECONDS: i64 = 24 * 3_600;

/// A payout to be made.
#[derive(Debug)]
pub struct NewPayout {
    pub currency: String,
    /// Asked for by hand, of this amount; not given is a payout by schedule, of all there is.
    pub by_hand: Option<i64>,
    /// Days until the bank has it.
    pub days: i64,
    /// What is in it can be listed at once.
    pub reconciled: bool,
}

/// How a payout ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Paid,
    Failed,
    Canceled,
}

/// Sends the balance to the bank.
pub fn create(act: &mut Act<'_>, new: &NewPayout) -> Result<Payout, ApiError> {
    let available = available(act, &new.currency);
    let amount = new.by_hand.unwrap_or(available);
    if amount < 1 || amount > available {
        return Err(
            ApiError::invalid("You have insufficient funds in your Stripe account.")
                .code("balance_insufficient"),
        );
    }
    let mut payout = Payout {
        id: act.new_id("po_1"),
        created: act.now,
        amount,
        currency: new.currency.clone(),
        status: PayoutStatus::InTransit,
        arrival_date: (act.now / DAY_SECONDS + new.days) * DAY_SECONDS,
        automatic: new.by_hand.is_none(),
        reconciled: new.reconciled && new.by_hand.is_none(),
        transaction: String::new(),
        failure_transaction: None,
        failure_code: None,
    };
    payout.transaction = enter(act, &payout, "payout", -amount);
    if payout.automatic {
        collect(act, &payout);
    }
    act.book.payouts.put(payout.clone());
    act.announce("payout.created", shape::payout(&payout), None);
    if payout.reconciled {
        announce_reconciled(act, &payout);
    }
    Ok(payout)
}

/// What is in no payout yet, less what was asked for by hand.
fn available(act: &Act<'_>, currency: &str) -> i64 {
    let rows = act.book.transactions.iter();
    rows.filter(|row| row.payout.is_none() && row.currency == currency)
        .map(|row| row.amount - row.fee)
        .sum()
}

fn collect(act: &mut Act<'_>, payout: &Payout) {
    let rows = act.book.transactions.iter();
    let open: Vec<String> = rows
        .filter(|row| row.payout.is_none() && row.currency == payout.currency)
        .map(|row| row.id.clone())
        .collect();
    for id in open {
        if let Some(row) = act.book.transactions.change(&id) {
            row.payout = Some(payout.id.clone());
        }
    }
}

/// What is in it can be listed from now on.
pub fn reconcile(act: &mut Act<'_>, id: &str) -> Result<Payout, ApiError> {
    let mut payout = existing(act, id)?;
    if !payout.automatic {
        return Err(ApiError::invalid(format!("Payout {id} was made by hand.")));
    }
    payout.reconciled = true;
    act.book.payouts.put(payout.clone());
    announce_reconciled(act, &payout);
    Ok(payout)
}

/// What is in it cannot be listed for now.
pub fn unreconcile(act: &mut Act<'_>, id: &str) -> Result<Payout, ApiError> {
    let mut payout = existing(act, id)?;
    payout.reconciled = false;
    act.book.payouts.put(payout.clone());
    Ok(payout)
}

/// The bank's word. A payout that was paid may still fail.
pub fn settle(
    act: &mut Act<'_>,
    id: &str,
    outcome: Outcome,
    failure_code: Option<String>,
) -> Result<Payout, ApiError> {
    let mut payout = existing(act, id)?;
    let before = json!({ "status": payout.status.word() });
    let (status, kind) = match outcome {
        Outcome::Paid => (PayoutStatus::Paid, "payout.paid"),
        Outcome::Failed => (PayoutStatus::Failed, "payout.failed"),
        Outcome::Canceled => (PayoutStatus::Canceled, "payout.canceled"),
    };
    let late = payout.status == PayoutStatus::Paid && outcome != Outcome::Failed;
    if payout.status.is_returned() || late {
        let word = payout.status.word();
        return Err(ApiError::invalid(format!("Payout {id} is {word}.")));
    }
    payout.status = status;
    if status.is_returned() {
        let moved = if outcome == Outcome::Failed {
            "payout_failure"
        } else {
            "payout_cancel"
        };
        payout.failure_transaction = Some(enter(act, &payout, moved, payout.amount));
        payout.failure_code = (outcome == Outcome::Failed)
            .then(|| failure_code.unwrap_or_else(|| "account_closed".to_owned()));
    }
    act.book.payouts.put(payout.clone());
    let object = shape::payout(&payout);
    act.announce("payout.updated", object.clone(), Some(before));
    act.announce(kind, object, None);
    Ok(payout)
}

/// What the processor takes for itself, in no charge's name.
pub fn take_fee(act: &mut Act<'_>, amount: i64, currency: &str) -> Transaction {
    let fee = Transaction {
        id: act.new_id("txn_1"),
        created: act.now,
        amount: -amount,
        fee: 0,
        currency: currency.to_owned(),
        kind: "stripe_fee".to_owned(),
        source: String::new(),
        description: Some("Billing of the month".to_owned()),
        payout: None,
    };
    act.book.transactions.put(fee.clone());
    fee
}

/// The payout, or 404.
pub fn existing(act: &Act<'_>, id: &str) -> Result<Payout, ApiError> {
    let found = act.book.payouts.find(id).cloned();
    found.ok_or_else(|| ApiError::missing("payout", id, "payout"))
}

fn announce_reconciled(act: &mut Act<'_>, payout: &Payout) {
    let object = shape::payout(payout);
    act.announce("payout.reconciliation_completed", object, None);
}

/// A payout by schedule is listed with what is in it.
fn enter(act: &mut Act<'_>, payout: &Payout, kind: &str, amount: i64) -> String {
    let listed = payout.automatic && kind == "payout";
    let transaction = Transaction {
        id: act.new_id("txn_1"),
        created: act.now,
        amount,
        fee: 0,
        currency: payout.currency.clone(),
        kind: kind.to_owned(),
        source: payout.id.clone(),
        description: Some("STRIPE PAYOUT".to_owned()),
        payout: listed.then(|| payout.id.clone()),
    };
    let id = transaction.id.clone();
    act.book.transactions.put(transaction);
    id
}
