use super::{accounts, online_payments, read_account, unavailable};
use crate::domain::connection::{Connection, ConnectionState, Standing};
use crate::store::new_cards::NewCardCounts;
use crate::wire::processor::standing;
use crate::{Payments, Result};
use ::rpc::Caller;
use ids::PracticeId;

/// An account as the practice sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownAccount {
    /// `acct_…`.
    pub account: String,
    /// The practice's own; otherwise the installation's.
    pub own: bool,
    /// What the processor lets it do.
    pub standing: Standing,
    /// Where it stands.
    pub state: ConnectionState,
    /// On which account new payments are made, `acct_…`; none: on no account.
    pub charged: Option<String>,
    /// What was under way when the account was taken away.
    pub left_open: i64,
    /// The practice takes online payments.
    pub online_payments: bool,
    /// What became of asking for cards in the place of those on former accounts.
    pub new_cards: NewCardCounts,
}

/// How the practice's account stands at the processor: its own, or the installation's when it has none. Errors:
/// PROCESSOR_UNAVAILABLE.
pub async fn get_processor_account(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
) -> Result<ShownAccount> {
    caller.within(practice)?;
    let known = accounts::all(payments, practice).await?;
    // What is asked of the processor anyway is kept: a webhook may have been lost.
    if let Some(account) = known.live().and_then(|live| live.account.as_deref()) {
        read_account(payments, caller, practice, account).await?;
    }
    if let Some(own) = stored(payments, practice).await? {
        return Ok(own);
    }
    let account = payments.processor.get_account().await;
    let account = account.map_err(|error| unavailable(&error))?;
    let id = account.id.clone();
    let standing = standing(account);
    Ok(ShownAccount {
        charged: (!payments.own_account_required).then(|| id.clone()),
        account: id,
        own: false,
        state: if standing.charges_enabled {
            ConnectionState::Active
        } else {
            ConnectionState::Restricted
        },
        standing,
        left_open: 0,
        new_cards: NewCardCounts::default(),
        online_payments: online_payments::are_on(payments, practice).await?,
    })
}

/// The practice's own account as far as we heard: the one it has, else the last it had. None when it never had one.
pub(super) async fn stored(
    payments: &Payments,
    practice: PracticeId,
) -> Result<Option<ShownAccount>> {
    let known = accounts::all(payments, practice).await?;
    let made = |it: &&Connection| it.account.is_some();
    let shown = known
        .live()
        .filter(made)
        .or(known.0.iter().rev().find(made));
    let Some((shown, account)) = shown.and_then(|it| Some((it, it.account.clone()?))) else {
        return Ok(None);
    };
    let left_open = match shown.state() {
        ConnectionState::Disconnected => accounts::left_open(payments, practice, &account).await?,
        ConnectionState::Onboarding | ConnectionState::Active | ConnectionState::Restricted => 0,
    };
    let charged = match known.account_of_now(payments.own_account_required) {
        Ok(Some(own)) => Some(own.to_owned()),
        Ok(None) => Some(installations(payments).await?),
        Err(_none) => None,
    };
    let new_cards = accounts::new_cards(payments, practice, &account).await?;
    Ok(Some(ShownAccount {
        new_cards,
        account,
        own: true,
        standing: shown.standing.clone(),
        state: shown.state(),
        charged,
        left_open,
        online_payments: online_payments::are_on(payments, practice).await?,
    }))
}

async fn installations(payments: &Payments) -> Result<String> {
    let account = payments.processor.get_account().await;
    Ok(account.map_err(|error| unavailable(&error))?.id)
}
