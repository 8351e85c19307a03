use crate::domain::message::NewMessage;
use crate::{Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use pg::Tx;

/// Queues a mail, in the transaction of the event it is about. A second mail for the same event is none.
pub async fn queue_message(
    tx: &mut Tx,
    caller: &Caller,
    practice: PracticeId,
    message: &NewMessage,
) -> Result<()> {
    caller.within(practice)?;
    if store::messages::insert(tx, practice, message).await? {
        store::queue::insert(tx, practice, message.message_id, message.create_time).await?;
    }
    Ok(())
}
