use crate::domain::message::NewMessage;
use crate::{Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use jiff::Timestamp;
use pg::Tx;

/// Queues mails to be sent from `now` on, in the transaction of the events they are about. A second mail for the same event
/// is none.
pub async fn queue_messages(
    tx: &mut Tx,
    caller: &Caller,
    practice: PracticeId,
    now: Timestamp,
    messages: &[NewMessage],
) -> Result<()> {
    caller.within(practice)?;
    if messages.is_empty() {
        return Ok(());
    }
    store::new_messages::insert(tx, practice, now, messages).await
}
