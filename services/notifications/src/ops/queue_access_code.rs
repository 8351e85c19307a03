use crate::domain::message::{NewMessage, Particulars};
use crate::domain::news::burn_notice_time;
use crate::{Result, store};
use ::rpc::Caller;
use ids::{BillId, EventId, MessageId, PracticeId};
use jiff::Timestamp;
use pg::Tx;

/// Why a bill's billing contact gets a new Access Code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewCode {
    /// The bill.
    pub bill: BillId,
    /// The event that told of it.
    pub event: EventId,
    /// The code that was burned, by the time it was made; none when the practice wanted a new one.
    pub burned: Option<Timestamp>,
}

/// Queues the mail that brings a new code, in the transaction of the event it is about. Burned codes are told of at most
/// once a day and bill. A bill that nobody was ever written about has no code, and gets no mail.
pub async fn queue_access_code(
    tx: &mut Tx,
    caller: &Caller,
    practice: PracticeId,
    new: NewCode,
    (message_id, now): (MessageId, Timestamp),
) -> Result<()> {
    caller.within(practice)?;
    let Some(client) = store::messages::find_client_of_bill(tx, practice, new.bill).await? else {
        return Ok(());
    };
    let send_time = match new.burned {
        None => now,
        Some(_) => {
            let last = store::messages::find_burn_notice(tx, practice, new.bill).await?;
            let Some(time) = burn_notice_time(last, now) else {
                return Ok(());
            };
            time
        }
    };
    let message = NewMessage {
        message_id,
        client: Some(client),
        particulars: Particulars::AccessCode {
            bill: new.bill,
            event: new.event,
            burned: new.burned,
        },
        create_time: now,
    };
    store::new_messages::insert(tx, practice, send_time, &[message]).await
}
