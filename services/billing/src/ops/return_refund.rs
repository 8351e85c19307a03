use super::entry;
use super::post_refund::changed;
use crate::domain::bill::Standing;
use crate::domain::entry::Act;
use crate::domain::returned::refund_returned;
use crate::store::refunds::PostedRefund;
use crate::wire::event;
use crate::{Billing, Error, Missing, OUTBOX, Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId, RefundId};
use jiff::Timestamp;
use jiff::civil::Date;
use pg::{OnConstraint as _, Tx};

/// A refund that the payer's bank sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnRefund {
    /// The practice.
    pub practice: PracticeId,
    /// The refund.
    pub refund: RefundId,
    /// Business date.
    pub return_date: Date,
}

/// Books that a refund came back: its bills are paid again as far as they are still owed, the rest is the client's credit.
/// One that was never booked had not gone out, and one that came back before is booked. In a transaction that the caller
/// commits. Errors: none of its own.
pub(crate) async fn return_refund_in(
    billing: &Billing,
    tx: &mut Tx,
    caller: &Caller,
    asked: ReturnRefund,
) -> Result<()> {
    let practice = asked.practice;
    caller.within(practice)?;
    match store::refunds::find(tx, practice, asked.refund).await? {
        Some(booked) if !booked.returned => book(billing, tx, &booked, asked).await,
        Some(_) | None => Ok(()),
    }
}

async fn book(
    billing: &Billing,
    tx: &mut Tx,
    booked: &PostedRefund,
    asked: ReturnRefund,
) -> Result<()> {
    let (practice, now): (PracticeId, Timestamp) = (asked.practice, billing.clock.now());
    let posted = store::entries::get(tx, practice, booked.entry).await?;
    let posted: Vec<_> = posted.transfers.into_iter().map(|(_, it)| it).collect();
    let mut opened: Vec<BillId> = posted.iter().filter_map(|it| it.debit.bill).collect();
    opened.sort_unstable();
    opened.dedup();
    let bills = store::bills::lock(tx, practice, &opened).await?;
    let payment = store::payments::lock(tx, practice, booked.payment).await?;
    if payment.client != booked.client {
        return Err(Error::Missing(Missing::Payment(booked.payment)));
    }
    let room = store::refunds::room_of_payment(tx, practice, &payment).await?;
    let standings: Vec<Standing> = bills.iter().map(|bill| bill.standing).collect();
    let returned = refund_returned(&payment, &posted, &room, &standings)?;
    let act = (Act::RefundReturned(asked.refund), booked.client);
    let entry = entry(&billing.clock, act, asked.return_date, &returned.transfers)?;

    let entries = std::slice::from_ref(&entry);
    store::entries::insert(tx, practice, now, entries)
        .await
        .on_constraint("entries_subject_key", || Error::Overtaken)?;
    store::refunds::update_returned(tx, practice, (asked.refund, entry.id), now).await?;
    store::payments::update(tx, practice, &returned.payment).await?;
    store::refunds::place_again(tx, practice, &returned.placed).await?;
    store::bills::update_standings(tx, practice, &returned.bills).await?;
    store::accounts::move_balances(tx, practice, entries).await?;
    let came_back = event::refund_returned(booked, asked.return_date, entry.id);
    let mut events = vec![event::of(&billing.clock, &came_back)];
    for changed in changed(bills, &returned.bills) {
        let changed = event::balance_changed(&changed, entry.id);
        events.push(event::of(&billing.clock, &changed));
    }
    let written = event::entry_posted(practice, &entry);
    events.push(event::of(&billing.clock, &written));
    OUTBOX.append(tx, practice, now, &events).await?;
    Ok(())
}
