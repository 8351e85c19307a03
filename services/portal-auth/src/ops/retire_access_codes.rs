use crate::{Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use jiff::Timestamp;
use pg::Tx;

/// The bills are paid or cancelled: their codes open nothing more. Driven by billing's feed, in the transaction that moves
/// the cursor; retiring again changes nothing.
pub async fn retire_access_codes(
    tx: &mut Tx,
    caller: &Caller,
    practice_id: PracticeId,
    bills: &[BillId],
    now: Timestamp,
) -> Result<()> {
    caller.within(practice_id)?;
    store::access_codes::retire(tx, practice_id, bills, now).await
}
