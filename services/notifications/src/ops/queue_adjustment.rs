use crate::domain::adjustment::Change;
use crate::domain::message::{NewMessage, Particulars};
use crate::domain::news::adjustment_notice_time;
use crate::{Result, store};
use ::rpc::Caller;
use ids::{BillId, ClientId, MessageId, PracticeId};
use jiff::Timestamp;
use pg::Tx;

/// A change of what a client owes on a bill.
#[derive(Clone, Debug, PartialEq)]
pub struct Adjusted {
    /// Whose bill.
    pub client: ClientId,
    /// The bill.
    pub bill: BillId,
    /// What was taken off, or is owed again.
    pub change: Change,
}

/// Queues the mail that tells of a change, in the transaction of the event it is about, or adds the change to the mail
/// that waits for more of the same bill. One that is being sent takes no more. A bill that was not shared yet gets none:
/// it will say so itself.
pub async fn queue_adjustment(
    tx: &mut Tx,
    caller: &Caller,
    practice: PracticeId,
    adjusted: Adjusted,
    (message_id, now): (MessageId, Timestamp),
) -> Result<()> {
    caller.within(practice)?;
    let (bill, change) = (adjusted.bill, adjusted.change);
    if !store::adjustments::is_shared(tx, practice, bill).await? {
        return Ok(());
    }
    let notices = store::adjustments::list(tx, practice, bill).await?;
    let mut heeded = notices.iter().flat_map(|notice| &notice.changes);
    if heeded.any(|before| before.event == change.event) {
        return Ok(());
    }
    if let Some(notice) = notices.into_iter().next().filter(|notice| notice.waits) {
        let send_time = adjustment_notice_time(notice.create_time, now);
        if store::queue::put_off(tx, notice.message, send_time).await? {
            let mut changes = notice.changes;
            changes.push(change);
            let particulars = Particulars::Adjustment { bill, changes };
            return store::adjustments::update(tx, practice, notice.message, &particulars).await;
        }
    }
    let message = NewMessage {
        message_id,
        client: Some(adjusted.client),
        particulars: Particulars::Adjustment {
            bill,
            changes: vec![change],
        },
        create_time: now,
    };
    let send_time = adjustment_notice_time(now, now);
    store::new_messages::insert(tx, practice, send_time, &[message]).await
}
