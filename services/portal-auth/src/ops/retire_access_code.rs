use crate::{Result, store};
use ::rpc::Caller;
use ids::{BillId, PracticeId};
use jiff::Timestamp;
use pg::Tx;

/// The bill is paid or cancelled: its code opens nothing more. Driven by billing's feed, in the transaction that moves
/// the cursor; retiring again changes nothing.
pub async fn retire_access_code(
    tx: &mut Tx,
    caller: &Caller,
    practice_id: PracticeId,
    bill_id: BillId,
    now: Timestamp,
) -> Result<()> {
    caller.within(practice_id)?;
    store::access_codes::retire(tx, practice_id, bill_id, now).await
}
