//! What a dispute does to the books, as payments' feed tells of it: opened, its money moved, closed. Each in a transaction
//! that the caller commits; again changes nothing.

use super::{entry, post};
use crate::domain::entry::{Act, Transfers};
use crate::store::disputes::NewDispute;
use crate::wire::event;
use crate::{Billing, Error, Missing, OUTBOX, Result, store};
use ::rpc::Caller;
use ids::{ClientId, DisputeId, DisputeMovementId, PaymentId, PracticeId};
use jiff::civil::Date;
use money::Money;
use pg::Tx;

/// A dispute that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedDispute {
    /// The dispute.
    pub dispute: DisputeId,
    /// What it is about.
    pub payment: PaymentId,
    /// Above 0.
    pub amount: Money,
    /// Business date.
    pub open_date: Date,
}

/// Money that a dispute moved at the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovedDispute {
    /// The dispute.
    pub dispute: DisputeId,
    /// Makes it once.
    pub movement: DisputeMovementId,
    /// Below 0: withdrawn.
    pub amount: Money,
    /// Below 0: given back.
    pub fee: Money,
    /// Business date.
    pub move_date: Date,
}

/// The bank's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedDispute {
    /// The dispute.
    pub dispute: DisputeId,
    /// The money is gone.
    pub lost: bool,
    /// Business date.
    pub close_date: Date,
}

/// Knows of a dispute from now on. Errors: PAYMENT_NOT_FOUND.
pub(crate) async fn open_dispute_in(
    billing: &Billing,
    tx: &mut Tx,
    caller: &Caller,
    (practice, opened): (PracticeId, OpenedDispute),
) -> Result<()> {
    caller.within(practice)?;
    let payment = store::payments::find(tx, practice, opened.payment).await?;
    let payment = payment.ok_or(Error::Missing(Missing::Payment(opened.payment)))?;
    let dispute = NewDispute {
        dispute: opened.dispute,
        payment: opened.payment,
        client: payment.payment.client,
        amount: opened.amount,
        open_date: opened.open_date,
    };
    Ok(store::disputes::insert(tx, practice, billing.clock.now(), &dispute).await?)
}

/// Books money withdrawn or reinstated. Errors: DISPUTE_NOT_FOUND.
pub(crate) async fn move_dispute_in(
    billing: &Billing,
    tx: &mut Tx,
    caller: &Caller,
    (practice, moved): (PracticeId, MovedDispute),
) -> Result<()> {
    caller.within(practice)?;
    let (dispute, client) = store::disputes::lock(tx, practice, moved.dispute).await?;
    let act = Act::DisputeMoved(moved.movement);
    let subject = (act.name(), moved.movement.uuid());
    if store::disputes::is_booked(tx, practice, subject).await? {
        return Ok(());
    }
    let (transfers, after) = dispute.moved(moved.amount, moved.fee)?;
    let now = billing.clock.now();
    store::disputes::update(tx, practice, (&after, None), now).await?;
    write(
        billing,
        tx,
        practice,
        ((act, client), moved.move_date, &transfers),
    )
    .await
}

/// Books the loss, when it is one. Errors: DISPUTE_NOT_FOUND.
pub(crate) async fn close_dispute_in(
    billing: &Billing,
    tx: &mut Tx,
    caller: &Caller,
    (practice, closed): (PracticeId, ClosedDispute),
) -> Result<()> {
    caller.within(practice)?;
    let (dispute, client) = store::disputes::lock(tx, practice, closed.dispute).await?;
    let (transfers, after) = dispute.close(closed.lost)?;
    if after == dispute {
        return Ok(());
    }
    let now = billing.clock.now();
    let ended = (&after, Some(closed.close_date));
    store::disputes::update(tx, practice, ended, now).await?;
    let act = (Act::DisputeLost(closed.dispute), client);
    write(billing, tx, practice, (act, closed.close_date, &transfers)).await
}

/// Nothing that moves nothing.
async fn write(
    billing: &Billing,
    tx: &mut Tx,
    practice: PracticeId,
    (act, date, transfers): ((Act, ClientId), Date, &Transfers),
) -> Result<()> {
    if transfers.as_slice().is_empty() {
        return Ok(());
    }
    let now = billing.clock.now();
    let entry = entry(&billing.clock, act, date, transfers)?;
    post(tx, practice, now, &entry).await?;
    let written = event::entry_posted(practice, &entry);
    let events = [event::of(&billing.clock, &written)];
    OUTBOX.append(tx, practice, now, &events).await?;
    Ok(())
}
