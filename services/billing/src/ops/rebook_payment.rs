use super::{entry, post_all};
use crate::domain::entry::Act;
use crate::domain::rebooked::rebook;
use crate::store::payment_corrections::{Correction, Moved};
use crate::store::payments::PostedPayment;
use crate::wire::event;
use crate::{Billing, Error, Missing, OUTBOX, Result, store};
use ::rpc::Caller;
use ids::{EntryId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use pg::{Announcement, Tx};

/// A booked payment as it is after a correction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RebookPayment {
    /// The practice.
    pub practice: PracticeId,
    /// The payment.
    pub payment: PaymentId,
    /// As payments counts its corrections.
    pub revision: i32,
    /// The day it came.
    pub receive_date: Date,
    /// As printed.
    pub method_text: String,
}

/// Moves a booked payment to the day it came, and prints it as it is now: no balance changes, only what it was on the days
/// between. A correction that is booked is passed over. In a transaction that the caller commits. Errors:
/// PAYMENT_NOT_FOUND, when the payment itself is not booked.
pub(crate) async fn rebook_payment_in(
    billing: &Billing,
    tx: &mut Tx,
    caller: &Caller,
    asked: RebookPayment,
) -> Result<()> {
    let (practice, payment) = (asked.practice, asked.payment);
    caller.within(practice)?;
    let now = billing.clock.now();
    store::payments::lock(tx, practice, payment).await?;
    let booked = store::payment_corrections::latest_revision(tx, practice, payment).await?;
    if booked >= asked.revision {
        return Ok(());
    }
    let posted = store::payments::find(tx, practice, payment).await?;
    let posted = posted.ok_or(Error::Missing(Missing::Payment(payment)))?;
    let mut events = Vec::new();
    let moved = if posted.receive_date == asked.receive_date {
        None
    } else {
        Some(move_day(billing, tx, (&posted, &asked, now), &mut events).await?)
    };
    let correction = Correction {
        payment,
        revision: asked.revision,
        from: posted.receive_date,
        to: asked.receive_date,
        method_text: &asked.method_text,
        moved,
    };
    store::payment_corrections::insert(tx, practice, &correction, now).await?;
    let corrected = event::payment_corrected(&posted, &correction);
    events.insert(0, event::of(&billing.clock, &corrected));
    OUTBOX.append(tx, practice, now, &events).await?;
    Ok(())
}

/// Reverses the entry that stands, on its day, and books the payment anew on the right one.
async fn move_day(
    billing: &Billing,
    tx: &mut Tx,
    (posted, asked, now): (&PostedPayment, &RebookPayment, Timestamp),
    events: &mut Vec<Announcement>,
) -> Result<Moved> {
    let (practice, client) = (asked.practice, posted.payment.client);
    let stands = store::payment_corrections::standing_entry(tx, practice, asked.payment).await?;
    let stands: EntryId = stands.ok_or(Error::Missing(Missing::Payment(asked.payment)))?;
    let before = store::entries::get(tx, practice, stands).await?;
    let rebooked = rebook(&before.transfers);
    let act = (Act::PaymentReversed(stands), client);
    let reverse = entry(&billing.clock, act, before.date, &rebooked.reversed)?;
    let act = (Act::PaymentRebooked(stands), client);
    let anew = entry(&billing.clock, act, asked.receive_date, &rebooked.anew)?;
    let moved = Moved {
        reversed: stands,
        reverse: reverse.id,
        anew: anew.id,
    };
    let entries = [reverse, anew];
    post_all(tx, practice, now, &entries).await?;
    for written in &entries {
        let written = event::entry_posted(practice, written);
        events.push(event::of(&billing.clock, &written));
    }
    Ok(moved)
}
