//! Accounts that are connected with the platform's: made, onboarded, taken away. Their rows are in the platform's book;
//! what they sell is in their own.

use super::Act;
use super::rows::{AccountLink, Standing};
use crate::error::ApiError;
use crate::metadata::Metadata;

/// How long a link leads to the processor's pages.
const LINK_SECONDS: i64 = 5 * 60;
/// What is asked of a new account.
const ASKED_AT_FIRST: [&str; 4] = [
    "business_profile.url",
    "business_type",
    "external_account",
    "tos_acceptance.date",
];
const PAST_DUE: &str = "requirements.past_due";

/// What is said of a new account.
#[derive(Debug, Default)]
pub struct NewAccount {
    pub email: Option<String>,
    pub country: Option<String>,
    pub metadata: Metadata,
}

/// Makes an account that may do nothing before its owner has answered what is asked.
pub fn create(act: &mut Act<'_>, new: NewAccount) -> Standing {
    let standing = Standing {
        id: super::random_id(act.clock, "acct_1", 16),
        created: act.now,
        requirements_due: ASKED_AT_FIRST.map(str::to_owned).to_vec(),
        disabled_reason: Some(PAST_DUE.to_owned()),
        metadata: new.metadata,
        email: new.email,
        country: new.country,
        ..Standing::default()
    };
    act.book.standings.put(standing.clone());
    standing
}

/// The account, or 403 also when its owner has taken the platform's access away.
pub fn existing(act: &Act<'_>, id: &str) -> Result<Standing, ApiError> {
    let found = act.book.standings.find(id).filter(|row| !row.deauthorized);
    found.cloned().ok_or_else(|| ApiError::account_invalid(id))
}

/// Makes a link to the onboarding of an account.
pub fn link(
    act: &mut Act<'_>,
    account: &str,
    (return_url, refresh_url): (String, String),
) -> Result<AccountLink, ApiError> {
    existing(act, account)?;
    for (name, url) in [("return_url", &return_url), ("refresh_url", &refresh_url)] {
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return Err(ApiError::malformed("Not a valid URL")
                .code("url_invalid")
                .param(name));
        }
    }
    let link = AccountLink {
        id: act.new_id(""),
        created: act.now,
        account: account.to_owned(),
        return_url,
        refresh_url,
        expires: act.now + LINK_SECONDS,
        used: false,
    };
    act.book.links.put(link.clone());
    Ok(link)
}

/// The link while it leads somewhere: once, and not for long.
pub fn live_link(act: &Act<'_>, id: &str) -> Result<(AccountLink, bool), ApiError> {
    let link = act.book.links.find(id).cloned();
    let link = link.ok_or_else(|| ApiError::missing("account_link", id, "id"))?;
    let live = !link.used && link.expires > act.now;
    Ok((link, live))
}

/// The owner has answered everything.
pub fn onboard(act: &mut Act<'_>, id: &str) -> Result<Standing, ApiError> {
    let standing = Standing {
        charges_enabled: true,
        payouts_enabled: true,
        details_submitted: true,
        requirements_due: Vec::new(),
        disabled_reason: None,
        ..existing(act, id)?
    };
    act.book.standings.put(standing.clone());
    Ok(standing)
}

/// The owner takes the platform's access away.
pub fn deauthorize(act: &mut Act<'_>, id: &str) -> Result<Standing, ApiError> {
    let standing = Standing {
        deauthorized: true,
        ..existing(act, id)?
    };
    act.book.standings.put(standing.clone());
    Ok(standing)
}
