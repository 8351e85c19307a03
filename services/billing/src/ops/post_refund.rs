use super::book_payments::Exact;
use super::entry;
use crate::domain::bill::{Bill, Standing};
use crate::domain::entry::{Act, Entry};
use crate::domain::refund::{Payment, RefundRefusal, Sources, refund};
use crate::store::refunds::PostedRefund;
use crate::wire::event;
use crate::{Billing, Error, Missing, OUTBOX, Result, store};
use ::rpc::Caller;
use ids::{BillId, PaymentId, PracticeId, RefundId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use pg::{OnConstraint as _, Tx};
use sha2::{Digest as _, Sha256};

/// A refund that has succeeded.
#[derive(Clone, Debug, PartialEq)]
pub struct PostRefund {
    /// The practice.
    pub practice: PracticeId,
    /// The refund, which is also the idempotency key.
    pub refund: RefundId,
    /// The payment, booked.
    pub payment: PaymentId,
    /// Above 0.
    pub amount: Money,
    /// Business date.
    pub refund_date: Date,
    /// The money stays as the client's credit.
    pub to_credit: bool,
}

/// Books a refund: from the payment's credit first, then its bills, last one first. Errors: as LedgerService.PostRefund
/// says.
pub async fn post_refund(billing: &Billing, caller: &Caller, asked: PostRefund) -> Result<Entry> {
    caller.within(asked.practice)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, asked.practice).await?;
    let entry = post_refund_in(billing, &mut tx, now, asked).await?;
    tx.commit().await?;
    Ok(entry)
}

/// The same in a transaction that the caller commits.
pub(crate) async fn post_refund_in(
    billing: &Billing,
    tx: &mut Tx,
    now: Timestamp,
    asked: PostRefund,
) -> Result<Entry> {
    let practice = asked.practice;
    if let Some(booked) = store::refunds::find(tx, practice, asked.refund).await? {
        if booked.fingerprint != fingerprint(&asked) {
            return Err(Error::RefundChanged(asked.refund));
        }
        return store::entries::get(tx, practice, booked.entry).await;
    }
    let (payment, bills, sources) = sources(tx, practice, asked.payment).await?;
    if asked.amount.currency() != payment.amount.currency() {
        let expected = payment.amount.currency();
        return Err(Error::CurrencyMismatch {
            field: "amount".to_owned(),
            expected,
        });
    }
    let refunded = refund(&payment, asked.amount, asked.to_credit, &sources).map_err(
        |refusal| match refusal {
            RefundRefusal::ExceedsPayment(left) => Error::ExceedsPayment(left),
            RefundRefusal::Overtaken => Error::Overtaken,
            RefundRefusal::Money(error) => Error::Money(error),
        },
    )?;
    let act = (Act::Refund(asked.refund), payment.client);
    let entry = entry(&billing.clock, act, asked.refund_date, &refunded.transfers)?;
    let posted = PostedRefund {
        fingerprint: fingerprint(&asked),
        refund: asked.refund,
        payment: asked.payment,
        client: payment.client,
        entry: entry.id,
        amount: asked.amount,
        refund_date: asked.refund_date,
        to_credit: asked.to_credit,
    };

    let entries = std::slice::from_ref(&entry);
    store::entries::insert(tx, practice, now, entries)
        .await
        .on_constraint("entries_refund_key", || Error::Overtaken)?;
    store::refunds::insert(tx, practice, now, &posted).await?;
    store::payments::update(tx, practice, &refunded.payment).await?;
    store::payments::take_placed(tx, practice, &refunded.taken).await?;
    store::bills::update_standings(tx, practice, &refunded.bills).await?;
    store::accounts::move_balances(tx, practice, entries).await?;
    let mut events = vec![event::of(&billing.clock, &event::refund_posted(&posted))];
    for changed in changed(bills, &refunded.bills) {
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
    Ok(entry)
}

/// Where the refund's money can come from, all of it locked: bills first, then the payment, then the client's credit.
/// Which bills is known only from the payment, so it is read before it is locked; what moved in between shows as
/// `Overtaken`. Errors: PAYMENT_NOT_FOUND.
async fn sources(
    tx: &mut Tx,
    practice: PracticeId,
    id: PaymentId,
) -> Result<(Payment, Vec<Bill>, Sources)> {
    let known = store::payments::find(tx, practice, id)
        .await?
        .ok_or(Error::Missing(Missing::Payment(id)))?;
    let client = known.payment.client;
    let from_credit = store::bills::paid_from_credit(tx, practice, client).await?;
    let mut wanted: Vec<BillId> = known.allocations.iter().map(|made| made.bill).collect();
    wanted.extend_from_slice(&from_credit);
    wanted.sort_unstable();
    wanted.dedup();
    let bills = store::bills::lock(tx, practice, &wanted).await?;
    let payment = store::payments::lock(tx, practice, id).await?;
    let placed = store::payments::placed_of_payment(tx, practice, &payment).await?;
    let credit =
        store::accounts::lock_credit(tx, practice, client, payment.amount.currency()).await?;
    let standings: Vec<Standing> = bills.iter().map(|bill| bill.standing).collect();
    let mut credit_bills: Vec<&Bill> = bills
        .iter()
        .filter(|bill| bill.standing.credit_applied.is_positive())
        .collect();
    credit_bills.sort_by_key(|bill| bill.face.number);
    let credit_bills = credit_bills.into_iter().map(|bill| bill.standing).collect();
    let sources = Sources {
        placed,
        credit,
        credit_bills,
        bills: standings,
    };
    Ok((payment, bills, sources))
}

/// The bills that an act changed, as they stand after it.
fn changed(bills: Vec<Bill>, after: &[Standing]) -> Vec<Bill> {
    let with = |bill: Bill| {
        let standing = *after.iter().find(|standing| standing.bill == bill.id())?;
        Some(Bill { standing, ..bill })
    };
    bills.into_iter().filter_map(with).collect()
}

fn fingerprint(asked: &PostRefund) -> [u8; 32] {
    let text = format!(
        "{} {} {} {}",
        asked.payment,
        Exact(asked.amount),
        asked.refund_date,
        asked.to_credit
    );
    Sha256::digest(text).into()
}
