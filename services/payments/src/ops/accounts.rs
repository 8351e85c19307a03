//! On which account at the processor something is made now.

use crate::domain::connection::Connections;
use crate::store::new_cards::NewCardCounts;
use crate::store::practices::Practice;
use crate::{AccountRefusal, Error, Payments, Result, store};
use ids::PracticeId;
use pg::Tx;

/// The account on which the practice's payments are made now; none is the installation's. Errors: ACCOUNT_NOT_CONNECTED,
/// ACCOUNT_DISCONNECTED, CHARGES_NOT_ENABLED.
pub(super) async fn of_now(
    payments: &Payments,
    tx: &mut Tx,
    practice: PracticeId,
) -> Result<Option<String>> {
    let connections = store::connections::list(tx, practice).await?;
    let account = connections.account_of_now(payments.own_account_required)?;
    Ok(account.map(str::to_owned))
}

/// The same for a charge. Errors: ONLINE_PAYMENTS_OFF besides.
pub(super) async fn to_charge(
    payments: &Payments,
    tx: &mut Tx,
    practice: &Practice,
) -> Result<Option<String>> {
    if !practice.online_payments {
        return Err(Error::OnlinePaymentsOff);
    }
    of_now(payments, tx, practice.practice).await
}

/// Whether there is no account on which a payment could be made now.
pub(super) async fn is_missing(
    payments: &Payments,
    tx: &mut Tx,
    practice: PracticeId,
) -> Result<bool> {
    let connections = store::connections::list(tx, practice).await?;
    let now = connections.account_of_now(payments.own_account_required);
    Ok(now.is_err())
}

/// Nothing is asked of an account that was taken away. Errors: ACCOUNT_DISCONNECTED.
pub(super) async fn check_not_taken_away(
    tx: &mut Tx,
    practice: PracticeId,
    account: Option<&str>,
) -> Result<()> {
    if account.is_none() {
        return Ok(());
    }
    let connections = store::connections::list(tx, practice).await?;
    if connections.was_taken_away(account) {
        return Err(AccountRefusal::Disconnected.into());
    }
    Ok(())
}

/// All accounts of the practice's own.
pub(super) async fn all(payments: &Payments, practice: PracticeId) -> Result<Connections> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::connections::list(&mut tx, practice).await
}

/// How many payments and refunds on an account have not come to their end.
pub(super) async fn left_open(
    payments: &Payments,
    practice: PracticeId,
    account: &str,
) -> Result<i64> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::connections::count_open(&mut tx, practice, account).await
}

/// How many payers were asked for a card since this account is used.
pub(super) async fn new_cards(
    payments: &Payments,
    practice: PracticeId,
    account: &str,
) -> Result<NewCardCounts> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::new_cards::counts(&mut tx, practice, account).await
}
