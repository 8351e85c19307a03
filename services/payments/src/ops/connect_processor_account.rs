use super::{ShownAccount, connect, get_processor_account, read_account};
use crate::domain::return_url::is_return_url;
use crate::{Error, Payments, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{ConnectionId, PracticeId};
use pg::RequestKey;
use processor::AccountLink;

/// An account of the practice's own that is to be connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectAccount {
    /// The practice.
    pub practice: PracticeId,
    /// Where the browser comes back to.
    pub return_url: String,
    /// Where it comes to with a link that is too old.
    pub refresh_url: String,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Connected {
    /// The account.
    pub account: ShownAccount,
    /// Where its owner goes on.
    pub link: AccountLink,
}

/// Connects an account, or goes on with the one that the practice has. Errors: as
/// ProcessorAccountService.ConnectProcessorAccount says.
pub async fn connect_processor_account(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: ConnectAccount,
) -> Result<Connected> {
    let practice = asked.practice;
    caller.within(practice)?;
    for (field, url) in [
        ("return_url", &asked.return_url),
        ("refresh_url", &asked.refresh_url),
    ] {
        if !is_return_url(url) {
            let rule = "must be https://, or http:// on the same machine";
            return Err(Invalid::new(field, rule).into());
        }
    }
    let connection = begin(payments, practice, key).await?;
    crate::crash::point("after_connection");
    let account = connect::make(payments, practice, connection).await?;
    let urls = (&*asked.return_url, &*asked.refresh_url);
    let link = connect::link(payments, &account, urls).await?;
    read_account(payments, caller, practice, &account).await?;
    let account = get_processor_account::stored(payments, practice).await?;
    let account = account.ok_or(Error::Stored("an account that was made"))?;
    Ok(Connected { account, link })
}

/// Writes the wish down; one that has been written is gone on with, whoever asks.
async fn begin(
    payments: &Payments,
    practice: PracticeId,
    key: &RequestKey,
) -> Result<ConnectionId> {
    let now = payments.clock.now();
    let fresh = ConnectionId::new(&payments.clock);
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::practices::lock(&mut tx, practice).await?;
    let known = store::connections::list(&mut tx, practice).await?;
    let connection = known.live().map_or(fresh, |live| live.connection);
    let before = REQUESTS
        .replayed(&mut tx, key, connection.uuid(), now)
        .await?;
    if let Some(first) = before.map(ConnectionId::from) {
        return Ok(first);
    }
    if connection == fresh {
        store::connections::insert(&mut tx, practice, fresh, now).await?;
    }
    tx.commit().await?;
    Ok(connection)
}
