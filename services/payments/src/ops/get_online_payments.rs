use crate::{Payments, Result, store};
use ::rpc::Caller;
use ids::PracticeId;

/// Whether the practice can be paid online now, and on which account of its own; none: the installation's. Errors:
/// PRACTICE_NOT_YET_KNOWN.
pub async fn get_online_payments(
    payments: &Payments,
    caller: &Caller,
    practice_id: PracticeId,
) -> Result<(bool, Option<String>)> {
    caller.within(practice_id)?;
    let mut tx = pg::begin(&payments.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let connections = store::connections::list(&mut tx, practice_id).await?;
    drop(tx);
    let account = connections.account_of_now(payments.own_account_required);
    let enabled = practice.online_payments && account.is_ok();
    let account = account.ok().flatten().map(str::to_owned);
    Ok((enabled, account.filter(|_| enabled)))
}
