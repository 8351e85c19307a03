use std::time::Duration;

use ids::PracticeId;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::intents::instant;
use crate::object_id::checked;
use crate::transport::under;
use crate::{Processor, ProcessorError};

const PAGE: i64 = 100;
const PAGES_MAX: usize = 100;
/// Clocks differ: what is looked for may have been made a little earlier than we asked for it.
const CLOCKS_DIFFER: Duration = Duration::from_mins(10);

/// An account that takes money, as the processor sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `acct_…`.
    pub id: String,
    /// The processor takes charges for it.
    pub charges_enabled: bool,
    /// The processor pays out what came.
    pub payouts_enabled: bool,
    /// Whoever it is of has answered what the processor asks at first.
    pub details_submitted: bool,
    /// What the processor wants to know, in its own words, overdue or not.
    pub requirements_due: Vec<String>,
    /// Why something is disabled, in the processor's word.
    pub disabled_reason: Option<String>,
    /// Our practice, from the metadata.
    pub practice: Option<PracticeId>,
}

/// Where somebody answers what the processor asks, once and for a few minutes.
#[derive(Clone, Debug)]
pub struct AccountLink {
    /// For the browser of whoever the account is of; opens the account to anybody who has it.
    pub url: SecretString,
    /// Until when.
    pub expires: Timestamp,
}

#[derive(Serialize)]
struct NewAccount {
    #[serde(rename = "type")]
    kind: &'static str,
    metadata: Metadata,
}

#[derive(Serialize)]
struct Metadata {
    practice_id: String,
}

#[derive(Serialize)]
struct NewLink<'a> {
    account: &'a str,
    refresh_url: &'a str,
    return_url: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Search<'a> {
    #[serde(rename = "created[gte]")]
    since: i64,
    limit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_after: Option<&'a str>,
}

#[derive(Deserialize)]
struct Link {
    url: String,
    expires_at: i64,
}

impl Processor {
    /// Reads the account that this processor acts for. `NotConnected` when it is not, or not any more, connected with ours.
    pub async fn get_account(&self) -> Result<Account, ProcessorError> {
        let request = RequestBuilder::new(StripeMethod::Get, "/account");
        let account: stripe_shared::Account = request.customize().send(&self.transport).await?;
        Ok(Account::read(account))
    }

    /// Makes a Standard account of a practice's own, connected with ours. It is told which practice, by an opaque id, and
    /// nothing else.
    pub async fn create_account(
        &self,
        practice: PracticeId,
        key: &str,
    ) -> Result<Account, ProcessorError> {
        let new = NewAccount {
            kind: "standard",
            metadata: Metadata {
                practice_id: practice.to_string(),
            },
        };
        let request = RequestBuilder::new(StripeMethod::Post, "/accounts").form(&new);
        let made: stripe_shared::Account = request
            .customize()
            .request_strategy(under(key)?)
            .send(&self.transport)
            .await?;
        Ok(Account::read(made))
    }

    /// The accounts of a practice that are connected with ours and were made from about `since` on, newest first.
    ///
    /// # Errors
    /// `Unknown` above 10,000 accounts since then: a list that is cut must not pass for a whole one.
    pub async fn list_accounts(
        &self,
        practice: PracticeId,
        since: Timestamp,
    ) -> Result<Vec<Account>, ProcessorError> {
        let since = since.as_second() - i64::try_from(CLOCKS_DIFFER.as_secs()).unwrap_or(0);
        let mut last: Option<String> = None;
        let mut found = Vec::new();
        for _ in 0..PAGES_MAX {
            let search = Search {
                since,
                limit: PAGE,
                starting_after: last.as_deref(),
            };
            let request = RequestBuilder::new(StripeMethod::Get, "/accounts").query(&search);
            let page: stripe_types::List<stripe_shared::Account> =
                request.customize().send(&self.transport).await?;
            last = page.data.last().map(|account| account.id.to_string());
            let accounts = page.data.into_iter().map(Account::read);
            found.extend(accounts.filter(|account| account.practice == Some(practice)));
            if !page.has_more || last.is_none() {
                return Ok(found);
            }
        }
        Err(ProcessorError::unknown("more accounts than we read"))
    }

    /// Makes a link to the processor's pages where the account's owner answers what it asks. Of each key there is one
    /// link, so that a fresh one takes a fresh key.
    pub async fn create_account_link(
        &self,
        account: &str,
        (return_url, refresh_url): (&str, &str),
        key: &str,
    ) -> Result<AccountLink, ProcessorError> {
        let new = NewLink {
            account: checked("account", account)?,
            refresh_url,
            return_url,
            kind: "account_onboarding",
        };
        let request = RequestBuilder::new(StripeMethod::Post, "/account_links").form(&new);
        let link: Link = self.transport.fetch(request, under(key)?).await?;
        Ok(AccountLink {
            url: SecretString::from(link.url),
            expires: instant(link.expires_at)?,
        })
    }
}

impl Account {
    fn read(account: stripe_shared::Account) -> Self {
        let requirements = account.requirements;
        let due = requirements
            .as_ref()
            .and_then(|known| known.currently_due.clone());
        let disabled = requirements.and_then(|known| known.disabled_reason);
        let practice = account
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.get("practice_id")?.parse().ok());
        Self {
            id: account.id.to_string(),
            charges_enabled: account.charges_enabled.unwrap_or(false),
            payouts_enabled: account.payouts_enabled.unwrap_or(false),
            details_submitted: account.details_submitted.unwrap_or(false),
            requirements_due: due.unwrap_or_default(),
            disabled_reason: disabled.map(|reason| reason.as_str().to_owned()),
            practice,
        }
    }
}
