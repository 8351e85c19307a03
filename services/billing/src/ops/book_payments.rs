//! How payments enter the books, any number in one transaction: one that is posted by itself is a batch of one. The hot
//! path: six statements between begin and commit.
//!
//! The order of locks, each kind taken whole before the next: bills by id; twins under way, which
//! `entries_payment_key` waits for, by payment id; balances in the order of `AccountKind`; the practice's stream. So
//! batches, and whoever else acts on a bill, cannot wait for each other in a circle.

use super::entry;
use super::post_payment::{PaymentPosted, PostPayment};
use crate::domain::bill::{Bill, Standing};
use crate::domain::entry::{Act, Entry};
use crate::domain::payment::{PaidBy, receive_payment};
use crate::domain::refund::Payment;
use crate::store::new_payments::PaidBill;
use crate::store::payments::{Context, PostedPayment};
use crate::wire::event;
use crate::{Billing, Error, Missing, OUTBOX, Result, store};
use clock::Clock;
use ids::{BillId, ClientId, PaymentId, PracticeId};
use jiff::Timestamp;
use money::Money;
use pg::{Announcement, OnConstraint as _, Tx};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// What became of payments that were to be booked.
pub(super) struct Booked {
    /// Whether each is booked, in their places.
    pub(super) outcomes: Vec<Result<()>>,
    /// Those that were not booked before.
    pub(super) fresh: BTreeMap<PaymentId, PaymentPosted>,
}

/// Books payments one after the other, as they stand in the batch: each finds its bills as those before it left them.
/// One that cannot be booked says so in its place, and keeps none of the others from it; one that is booked already, or
/// comes twice, is booked once. The caller commits. Errors in their places: CLIENT_NOT_FOUND, CURRENCY_MISMATCH,
/// PAYMENT_CHANGED.
pub(super) async fn book_payments(
    billing: &Billing,
    tx: &mut Tx,
    (practice, now): (PracticeId, Timestamp),
    asked: &[PostPayment],
) -> Result<Booked> {
    let wanted = asked.iter().flat_map(|asked| &asked.receipt.wanted);
    let wanted: BTreeSet<BillId> = wanted.map(|wanted| wanted.bill).collect();
    let clients: BTreeSet<ClientId> = asked.iter().map(|asked| asked.receipt.client).collect();
    let payments: BTreeSet<PaymentId> = asked.iter().map(|asked| asked.payment).collect();
    let (wanted, clients) = (Vec::from_iter(wanted), Vec::from_iter(clients));
    let bills = store::bills::lock(tx, practice, &wanted).await?;
    // Read when the bills are locked: a twin that paid them has committed, and is seen.
    let payments = Vec::from_iter(payments);
    let context = store::payments::context(tx, practice, &clients, &payments).await?;
    let mut batch = Batch {
        practice,
        known: store::payments::fingerprints(tx, practice, &context.booked).await?,
        bills: bills.into_iter().map(|bill| (bill.id(), bill)).collect(),
        paid: BTreeMap::new(),
        fresh: BTreeMap::new(),
        events: Vec::new(),
    };
    let outcomes = asked
        .iter()
        .map(|asked| batch.book(&billing.clock, &context, asked))
        .collect();
    batch.write(tx, now).await?;
    Ok(Booked {
        outcomes,
        fresh: batch.fresh,
    })
}

/// What is booked so far, in memory.
struct Batch {
    practice: PracticeId,
    /// What was asked for, of each payment that is booked.
    known: BTreeMap<PaymentId, [u8; 32]>,
    /// Locked, as the payments so far leave them.
    bills: BTreeMap<BillId, Bill>,
    /// How many of the payments paid each bill.
    paid: BTreeMap<BillId, i64>,
    /// To be written.
    fresh: BTreeMap<PaymentId, PaymentPosted>,
    /// To be announced, in order.
    events: Vec<Announcement>,
}

impl Batch {
    fn book(&mut self, clock: &Clock, context: &Context, asked: &PostPayment) -> Result<()> {
        if let Some(first) = self.known.get(&asked.payment) {
            return same(asked, first);
        }
        let (client, amount) = (asked.receipt.client, asked.receipt.amount);
        if !context.clients.contains(&client) {
            return Err(Error::Missing(Missing::Client(client)));
        }
        if amount.currency() != context.currency {
            return Err(Error::CurrencyMismatch {
                field: "amount".to_owned(),
                expected: context.currency,
            });
        }
        let received = receive_payment(&asked.receipt, &self.standings(asked))?;
        let act = (Act::Payment(asked.payment), client);
        let entry = entry(clock, act, asked.receive_date, &received.transfers)?;
        let posted = PostedPayment {
            fingerprint: fingerprint(asked),
            payment: Payment {
                payment: asked.payment,
                client,
                kind: asked.receipt.kind,
                amount,
                credit_left: received.credited,
                refunded: Money::zero(context.currency),
            },
            entry: entry.id,
            method_text: asked.method_text.clone(),
            receive_date: asked.receive_date,
            credited: received.credited,
            allocations: received.allocations,
        };
        let booked = PaymentPosted { posted, entry };
        self.take_in(clock, &received.bills, (booked, asked.paid_by));
        Ok(())
    }

    /// The client's own of the bills that the payment is meant for.
    fn standings(&self, asked: &PostPayment) -> Vec<Standing> {
        let wanted = asked.receipt.wanted.iter().map(|wanted| wanted.bill);
        let wanted: BTreeSet<BillId> = wanted.collect();
        wanted
            .iter()
            .filter_map(|bill| self.bills.get(bill))
            .map(|bill| bill.standing)
            .filter(|bill| bill.client == asked.receipt.client)
            .collect()
    }

    fn take_in(
        &mut self,
        clock: &Clock,
        after: &[Standing],
        (booked, paid_by): (PaymentPosted, Option<PaidBy>),
    ) {
        let PaymentPosted { posted, entry } = &booked;
        let mut announce = |event| self.events.push(event);
        announce(event::of(clock, &event::payment_posted(posted, paid_by)));
        for standing in after {
            if let Some(bill) = self.bills.get_mut(&standing.bill) {
                bill.standing = *standing;
                let changed = event::balance_changed(bill, entry.id);
                announce(event::of(clock, &changed));
                *self.paid.entry(standing.bill).or_default() += 1;
            }
        }
        let practice = self.practice;
        announce(event::of(clock, &event::entry_posted(practice, entry)));
        self.known
            .insert(posted.payment.payment, posted.fingerprint);
        self.fresh.insert(posted.payment.payment, booked);
    }

    async fn write(&self, tx: &mut Tx, now: Timestamp) -> Result<()> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        let practice = self.practice;
        let entries: Vec<Entry> = self.fresh.values().map(|it| it.entry.clone()).collect();
        let payments: Vec<PostedPayment> =
            self.fresh.values().map(|it| it.posted.clone()).collect();
        let paid = self.paid.iter().filter_map(|(bill, payments)| {
            Some(PaidBill {
                standing: self.bills.get(bill)?.standing,
                payments: *payments,
            })
        });
        let paid: Vec<PaidBill> = paid.collect();
        // A twin without bills that was booked meanwhile: run again, this one finds it booked.
        store::entries::insert(tx, practice, now, &entries)
            .await
            .on_constraint("entries_payment_key", || Error::Overtaken)?;
        store::new_payments::insert(tx, practice, now, (&payments, &paid)).await?;
        store::accounts::move_balances(tx, practice, &entries).await?;
        OUTBOX.append(tx, practice, now, &self.events).await?;
        Ok(())
    }
}

/// Errors: PAYMENT_CHANGED, when it is not what was asked for the first time.
pub(super) fn same(asked: &PostPayment, first: &[u8; 32]) -> Result<()> {
    if fingerprint(asked) == *first {
        return Ok(());
    }
    Err(Error::PaymentChanged(asked.payment))
}

/// What makes it the same payment: everything but how its method is printed, and whose that is.
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
