use crate::store::practices::Practice;
use crate::{Result, store};
use jiff::Timestamp;
use pg::Tx;

/// Takes in a practice that portal-auth has registered, in the transaction that moves the feed's cursor. Again is fine.
pub async fn register_practice(
    tx: &mut Tx,
    practice: &Practice,
    create_time: Timestamp,
) -> Result<()> {
    store::practices::upsert(tx, practice, create_time).await
}
