use super::book_payments::{Booked, book_payments, same};
use crate::domain::entry::Entry;
use crate::domain::payment::{PaidBy, Receipt};
use crate::store::payments::PostedPayment;
use crate::{Billing, Error, Result, store};
use ::rpc::{Caller, rerun};
use ids::{EntryId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use pg::{Group, Tx};
use std::collections::BTreeMap;

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
    /// Whose that is; none when it is nobody's here.
    pub paid_by: Option<PaidBy>,
}

/// A payment as it was booked.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymentPosted {
    /// The payment.
    pub posted: PostedPayment,
    /// Its entry.
    pub entry: Entry,
}

/// Payments that are posted at once, to be booked together.
#[derive(Clone, Default)]
pub struct Postings(Group<PostPayment, PaymentPosted, Error>);

impl Postings {
    /// At most so many share a transaction, and so many of a practice wait for the next.
    #[must_use]
    pub fn new(together: usize, waiting: usize) -> Self {
        Self(Group::new(together, waiting))
    }
}

/// Books a payment: to its bills first, what exceeds them to the client's credit. Those of a practice that are posted at
/// once share a transaction. Errors: as LedgerService.PostPayment says.
pub async fn post_payment(
    billing: &Billing,
    caller: &Caller,
    asked: PostPayment,
) -> Result<PaymentPosted> {
    caller.within(asked.practice)?;
    let practice = asked.practice;
    let service = billing.clone();
    let together = move |asked: Vec<PostPayment>| {
        let billing = service.clone();
        async move { rerun(|| post_payments(&billing, practice, &asked)).await }
    };
    let Postings(group) = &billing.postings;
    if let Some(answer) = group.join(practice, asked.clone(), together).await? {
        return answer;
    }
    let alone = post_payments(billing, practice, &[asked]).await?.pop();
    alone.ok_or(Error::Stored("a payment without an answer"))?
}

/// The same for payments of one practice, in one transaction: each is answered in its place.
async fn post_payments(
    billing: &Billing,
    practice: PracticeId,
    asked: &[PostPayment],
) -> Result<Vec<Result<PaymentPosted>>> {
    let now = billing.clock.now();
    let mut tx = pg::begin_planned(&billing.db, practice).await?;
    let booked = book_payments(billing, &mut tx, (practice, now), asked).await?;
    tx.commit().await?;
    let before = booked_before(billing, practice, asked, &booked).await?;
    let Booked { outcomes, fresh } = booked;
    let answers = asked.iter().zip(outcomes).map(|(asked, outcome)| {
        outcome?;
        let fresh = fresh.get(&asked.payment);
        let booked = fresh.or_else(|| before.get(&asked.payment));
        booked
            .cloned()
            .ok_or(Error::Stored("a payment without its entry"))
    });
    Ok(answers.collect())
}

/// Those that are booked, but not by this batch; in a transaction of its own, whose joins are planned for the practice.
async fn booked_before(
    billing: &Billing,
    practice: PracticeId,
    asked: &[PostPayment],
    booked: &Booked,
) -> Result<BTreeMap<PaymentId, PaymentPosted>> {
    let before: Vec<PaymentId> = asked
        .iter()
        .zip(&booked.outcomes)
        .filter(|(_, outcome)| outcome.is_ok())
        .map(|(asked, _)| asked.payment)
        .filter(|payment| !booked.fresh.contains_key(payment))
        .collect();
    if before.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut tx = pg::begin(&billing.db, practice).await?;
    let found = store::payments::find_many(&mut tx, practice, &before).await?;
    let ids: Vec<EntryId> = found.iter().map(|posted| posted.entry).collect();
    let entries = store::entries::list(&mut tx, practice, &ids).await?;
    let mut entries: BTreeMap<EntryId, Entry> =
        entries.into_iter().map(|entry| (entry.id, entry)).collect();
    let with_entry = |posted: PostedPayment| {
        let entry = entries.remove(&posted.entry)?;
        Some((posted.payment.payment, PaymentPosted { posted, entry }))
    };
    Ok(found.into_iter().filter_map(with_entry).collect())
}

/// Books payments that payments' feed tells of, in a transaction that the caller commits: a follower moves its cursor
/// with it. Those that are booked, mostly by the call that was faster, are passed over. Errors: as one's own.
pub(crate) async fn post_told(
    billing: &Billing,
    tx: &mut Tx,
    practice: PracticeId,
    told: Vec<PostPayment>,
) -> Result<()> {
    let now: Timestamp = billing.clock.now();
    let payments: Vec<PaymentId> = told.iter().map(|told| told.payment).collect();
    let booked = store::payments::fingerprints(tx, practice, &payments).await?;
    let mut fresh = Vec::new();
    for told in told {
        match booked.get(&told.payment) {
            Some(first) => same(&told, first)?,
            None => fresh.push(told),
        }
    }
    if fresh.is_empty() {
        return Ok(());
    }
    let booked = book_payments(billing, tx, (practice, now), &fresh).await?;
    booked.outcomes.into_iter().collect()
}
