use super::ask_for_new_card;
use crate::domain::connection::Standing;
use crate::wire::event;
use crate::{OUTBOX, Payments, Result, store};
use ::rpc::Caller;
use ids::PracticeId;
use jiff::Timestamp;

/// What is heard of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountSaid {
    /// What the processor lets it do.
    Stands(Standing),
    /// Its owner has taken our access away.
    TakenAway,
}

/// Takes in what the processor said of an account, when it was asked at `asked`. What was asked before and answered later
/// changes nothing. From the first time that it takes charges the practice's payments are made on it.
pub async fn settle_account(
    payments: &Payments,
    caller: &Caller,
    (practice, account): (PracticeId, &str),
    (said, asked): (AccountSaid, Timestamp),
) -> Result<()> {
    caller.within(practice)?;
    let now = payments.clock.now();
    let mut tx = pg::begin(&payments.db, practice).await?;
    let which = (account, asked);
    let Some(before) = store::connections::lock_older(&mut tx, practice, which).await? else {
        return Ok(());
    };
    let after = match said {
        AccountSaid::Stands(standing) => before.told(standing, now),
        AccountSaid::TakenAway => before.taken_away(now),
    };
    store::connections::update_standing(&mut tx, practice, &after, (asked, now)).await?;
    if before.enable_time.is_none() && after.enable_time.is_some() {
        store::connections::use_account(&mut tx, practice, account).await?;
        ask_for_new_card::plan(&mut tx, payments, (practice, account)).await?;
    }
    if before.disconnect_time.is_none() && after.disconnect_time.is_some() {
        // A card that is given now can never be charged; of money that is under way people have to see the end.
        store::setups::cancel_on_account(&mut tx, practice, account, now).await?;
    }
    if after != before {
        let methods = store::methods::count_on_account(&mut tx, practice, account).await?;
        let changed = (&before, &after);
        let news = [event::account_updated(&payments.clock, changed, methods)];
        OUTBOX.append(&mut tx, practice, now, &news).await?;
    }
    Ok(tx.commit().await?)
}
