//! Who asks: the secret key, and the account it acts for.

use axum::http::HeaderMap;
use base64::Engine;
use subtle::ConstantTimeEq;

use crate::config::Config;
use crate::error::ApiError;

/// The account of a request: the key's own, or the connected one of `Stripe-Account`.
pub fn authenticate(headers: &HeaderMap, config: &Config) -> Result<String, ApiError> {
    let given = key(headers).ok_or_else(|| {
        ApiError::unauthorized(
            "You did not provide an API key. You need to provide your API key \
            in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer \
            YOUR_SECRET_KEY').",
        )
    })?;
    if !bool::from(given.as_bytes().ct_eq(config.secret_key.as_bytes())) {
        let hint: String = given.chars().take(8).collect();
        return Err(ApiError::unauthorized(format!(
            "Invalid API Key provided: {hint}***"
        )));
    }
    match headers.get("stripe-account").map(|value| value.to_str()) {
        None => Ok(config.account.clone()),
        Some(Ok(account)) if is_account(account) => Ok(account.to_owned()),
        Some(other) => Err(ApiError::account_invalid(other.unwrap_or_default())),
    }
}

fn is_account(text: &str) -> bool {
    text.len() <= 64
        && text.strip_prefix("acct_").is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// Bearer, or the user name of Basic.
fn key(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("authorization")?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(rest.trim())
        .ok()?;
    let text = String::from_utf8(decoded).ok()?;
    Some(text.split(':').next().unwrap_or_default().to_owned())
}
