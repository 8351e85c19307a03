//! The way of an account of a practice's own: written down, made under its key, kept. Whoever goes on after a crash or a lost
//! answer repeats a call that the processor knows, or looks for what it made: never a second account.

mod records;
mod steps;

use crate::store::attempts::Call;
use crate::{AccountRefusal, Payments, Result};
use ids::{ConnectionId, PracticeId};
use processor::AccountLink;

/// Makes the account unless it is made, and answers which it is, `acct_…`. Errors: ACCOUNT_DISCONNECTED,
/// PROCESSOR_UNAVAILABLE.
pub(super) async fn make(
    payments: &Payments,
    practice: PracticeId,
    connection: ConnectionId,
) -> Result<String> {
    let known = records::connection(payments, practice, connection).await?;
    if known.disconnect_time.is_some() {
        return Err(AccountRefusal::Disconnected.into());
    }
    if let Some(account) = known.account {
        return Ok(account);
    }
    let key = Call::CreateAccount.key(connection);
    let first_asked = records::start(payments, practice, (connection, &key)).await?;
    crate::crash::point("before_create_account");
    let made = steps::make(payments, practice, (&key, first_asked)).await?;
    crate::crash::point("after_create_account");
    records::made(payments, practice, (connection, &made)).await?;
    crate::crash::point("after_create_account_commit");
    Ok(made)
}

/// A fresh link to the processor's pages. Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn link(
    payments: &Payments,
    account: &str,
    urls: (&str, &str),
) -> Result<AccountLink> {
    steps::link(payments, account, urls).await
}
