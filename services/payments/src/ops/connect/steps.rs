//! The calls to the processor; no transaction begins here.

use crate::domain::charge::KEY_LIFETIME;
use crate::ops::{accounts, unavailable};
use crate::{Payments, Result};
use ids::PracticeId;
use jiff::Timestamp;
use processor::{AccountLink, ProcessorError};
use std::time::Duration;

/// How often a twin of the call is waited for.
const TWINS: u32 = 8;
/// For a twin of the call to end.
const TWIN_PAUSE: Duration = Duration::from_millis(250);

/// Makes the account under its key. Where the key does not answer for it any more, because it was forgotten or remembers a
/// failure, the account is looked for first. Errors: PROCESSOR_UNAVAILABLE.
pub(super) async fn make(
    payments: &Payments,
    practice: PracticeId,
    (key, first_asked): (&str, Timestamp),
) -> Result<String> {
    let age = payments.clock.now().duration_since(first_asked);
    if age < KEY_LIFETIME {
        match create(payments, practice, key).await {
            Ok(made) => return Ok(made),
            Err(ProcessorError::Unknown {
                status: Some(500..),
                reason,
            }) => tracing::warn!(%practice, reason, "the processor failed to make an account"),
            Err(error) => return Err(unavailable(&error)),
        }
    }
    if let Some(found) = find(payments, practice, first_asked).await? {
        return Ok(found);
    }
    let another = format!("{key}-another");
    let made = create(payments, practice, &another).await;
    made.map_err(|error| unavailable(&error))
}

async fn create(
    payments: &Payments,
    practice: PracticeId,
    key: &str,
) -> std::result::Result<String, ProcessorError> {
    for _ in 0..TWINS {
        match payments.processor.create_account(practice, key).await {
            Err(ProcessorError::Unknown {
                status: Some(409), ..
            }) => tokio::time::sleep(TWIN_PAUSE).await,
            made => return made.map(|account| account.id),
        }
    }
    let made = payments.processor.create_account(practice, key).await?;
    Ok(made.id)
}

/// What the processor made for the practice and we do not know of.
async fn find(
    payments: &Payments,
    practice: PracticeId,
    since: Timestamp,
) -> Result<Option<String>> {
    let known = accounts::all(payments, practice).await?;
    let listed = payments.processor.list_accounts(practice, since).await;
    let listed = listed.map_err(|error| unavailable(&error))?;
    let mut strange = listed.into_iter().map(|account| account.id);
    Ok(strange.find(|account| known.of(account).is_none()))
}

/// A link of its own each time: they are good once and for minutes.
pub(super) async fn link(
    payments: &Payments,
    account: &str,
    urls: (&str, &str),
) -> Result<AccountLink> {
    let key = format!("{account}-link-{}", payments.clock.uuid());
    let made = payments.processor.create_account_link(account, urls, &key);
    made.await.map_err(|error| unavailable(&error))
}
