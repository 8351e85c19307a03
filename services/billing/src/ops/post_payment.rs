//! The hot path: six statements between begin and commit, what the whole practice shares locked last.

use super::entry;
use crate::domain::bill::{Bill, Standing};
use crate::domain::entry::{Act, Entry};
use crate::domain::payment::{Receipt, receive_payment};
use crate::domain::refund::Payment;
use crate::store::payments::PostedPayment;
use crate::wire::event;
use crate::{Billing, Error, Missing, OUTBOX, Result, store};
use ::rpc::Caller;
use ids::{BillId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use pg::{OnConstraint as _, Tx};
use sha2::{Digest as _, Sha256};

/// A payment that has succeeded.
#[derive(Clone, Debug, PartialEq)]
pub struct PostPayment {
    /// The practice.
    pub practice: PracticeId,
    /// The payment, which is also the idempotency key.
    pub payment: PaymentId,
    /// Whose, how much, for which bills.
    pub receipt: Receipt,
    /// Business date.
    pub receive_date: Date,
    /// As printed.
    pub method_text: String,
}

/// A payment as it was booked.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymentPosted {
    /// The payment.
    pub posted: PostedPayment,
    /// Its entry.
    pub entry: Entry,
}

/// Books a payment: to its bills first, what exceeds them to the client's credit. Errors: as LedgerService.PostPayment
/// says.
pub async fn post_payment(
    billing: &Billing,
    caller: &Caller,
    asked: PostPayment,
) -> Result<PaymentPosted> {
    caller.within(asked.practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, asked.practice).await?;
    let posted = post_payment_in(billing, &mut tx, now, asked).await?;
    tx.commit().await?;
    Ok(posted)
}

/// The same in a transaction that the caller commits: a follower moves its cursor with it.
pub(crate) async fn post_payment_in(
    billing: &Billing,
    tx: &mut Tx,
    now: Timestamp,
    asked: PostPayment,
) -> Result<PaymentPosted> {
    let (practice, client) = (asked.practice, asked.receipt.client);
    let context = store::payments::context(tx, practice, client, asked.payment).await?;
    if context.booked {
        return booked_before(tx, &asked).await;
    }
    if !context.client_known {
        return Err(Error::Missing(Missing::Client(client)));
    }
    if asked.receipt.amount.currency() != context.currency {
        return Err(Error::CurrencyMismatch {
            field: "amount".to_owned(),
            expected: context.currency,
        });
    }
    let mut wanted: Vec<BillId> = asked
        .receipt
        .wanted
        .iter()
        .map(|wanted| wanted.bill)
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let bills = store::bills::lock(tx, practice, &wanted).await?;
    let own = bills
        .iter()
        .map(|bill| bill.standing)
        .filter(|bill| bill.client == client);
    let standings: Vec<Standing> = own.collect();

    let received = receive_payment(&asked.receipt, &standings)?;
    let act = (Act::Payment(asked.payment), client);
    let entry = entry(&billing.clock, act, asked.receive_date, &received.transfers)?;
    let posted = PostedPayment {
        fingerprint: fingerprint(&asked),
        payment: Payment {
            payment: asked.payment,
            client,
            kind: asked.receipt.kind,
            amount: asked.receipt.amount,
            credit_left: received.credited,
            refunded: Money::zero(context.currency),
        },
        entry: entry.id,
        method_text: asked.method_text,
        receive_date: asked.receive_date,
        credited: received.credited,
        allocations: received.allocations,
    };

    let entries = std::slice::from_ref(&entry);
    // A twin that booked it meanwhile: run again, this one finds it booked.
    store::entries::insert(tx, practice, now, entries)
        .await
        .on_constraint("entries_payment_key", || Error::Overtaken)?;
    let payments = (std::slice::from_ref(&posted), received.bills.as_slice());
    store::new_payments::insert(tx, practice, now, payments).await?;
    store::accounts::move_balances(tx, practice, entries).await?;
    let mut events = vec![event::of(&billing.clock, &event::payment_posted(&posted))];
    for changed in changed(bills, &received.bills) {
        events.push(event::of(
            &billing.clock,
            &event::balance_changed(&changed, entry.id),
        ));
    }
    events.push(event::of(
        &billing.clock,
        &event::entry_posted(practice, &entry),
    ));
    OUTBOX.append(tx, practice, now, &events).await?;
    Ok(PaymentPosted { posted, entry })
}

/// Errors: PAYMENT_CHANGED.
async fn booked_before(tx: &mut Tx, asked: &PostPayment) -> Result<PaymentPosted> {
    let posted = store::payments::find(tx, asked.practice, asked.payment)
        .await?
        .ok_or(Error::Overtaken)?;
    if posted.fingerprint != fingerprint(asked) {
        return Err(Error::PaymentChanged(asked.payment));
    }
    let entry = store::entries::get(tx, asked.practice, posted.entry).await?;
    Ok(PaymentPosted { posted, entry })
}

/// The bills that an act changed, as they stand after it.
pub(super) fn changed(bills: Vec<Bill>, after: &[Standing]) -> Vec<Bill> {
    let with = |bill: Bill| {
        let standing = *after.iter().find(|standing| standing.bill == bill.id())?;
        Some(Bill { standing, ..bill })
    };
    bills.into_iter().filter_map(with).collect()
}

/// What makes it the same payment: everything but how its method is printed.
fn fingerprint(asked: &PostPayment) -> [u8; 32] {
    let receipt = &asked.receipt;
    let mut text = format!(
        "{} {} {} {}",
        receipt.client,
        receipt.kind.name(),
        Exact(receipt.amount),
        asked.receive_date
    );
    for wanted in &receipt.wanted {
        text.push_str(&format!(" {} {}", wanted.bill, Exact(wanted.amount)));
    }
    Sha256::digest(text).into()
}

/// An amount as currency and minor units.
pub(super) struct Exact(pub(super) Money);

impl std::fmt::Display for Exact {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}", self.0.currency(), self.0.minor())
    }
}
