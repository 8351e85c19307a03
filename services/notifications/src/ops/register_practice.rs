use crate::domain::practice::Practice;
use crate::{Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use jiff::Timestamp;
use pg::Tx;

/// Takes over the letterhead of a practice. In the transaction of the event that tells of it.
pub async fn register_practice(
    tx: &mut Tx,
    caller: &Caller,
    practice_id: PracticeId,
    practice: &Practice,
    create_time: Timestamp,
) -> Result<()> {
    caller.within(practice_id)?;
    store::practices::upsert(tx, practice_id, practice, create_time).await
}
