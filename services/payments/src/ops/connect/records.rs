//! What is written between the steps, each in a transaction of its own.

use crate::domain::connection::Connection;
use crate::store::attempts::Call;
use crate::{Error, Payments, Result, store};
use ids::{ConnectionId, PracticeId};
use jiff::Timestamp;

pub(super) async fn connection(
    payments: &Payments,
    practice: PracticeId,
    connection: ConnectionId,
) -> Result<Connection> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    let all = store::connections::list(&mut tx, practice).await?.0;
    let mut all = all.into_iter();
    all.find(|it| it.connection == connection)
        .ok_or(Error::Stored("an account that was asked for"))
}

/// Writes down that the account is asked for, and answers when it was for the first time.
pub(super) async fn start(
    payments: &Payments,
    practice: PracticeId,
    (connection, key): (ConnectionId, &str),
) -> Result<Timestamp> {
    let now = payments.clock.now();
    let call = (connection.uuid(), Call::CreateAccount);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let first = store::attempts::start(&mut tx, practice, call, key, now).await?;
    tx.commit().await?;
    Ok(first.time)
}

/// Keeps the account.
pub(super) async fn made(
    payments: &Payments,
    practice: PracticeId,
    (connection, account): (ConnectionId, &str),
) -> Result<()> {
    let now = payments.clock.now();
    let call = (connection.uuid(), Call::CreateAccount);
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::attempts::finish(&mut tx, practice, call, now).await?;
    store::connections::update_account(&mut tx, practice, (connection, account), now).await?;
    Ok(tx.commit().await?)
}
