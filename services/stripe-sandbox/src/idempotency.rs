//! Idempotency keys as Stripe's: the first answer of an executed request, 5xx included, is the answer for 24 hours.

use sha2::{Digest, Sha256};

use crate::book::Book;
use crate::book::rows::StoredAnswer;
use crate::error::ApiError;
use crate::sandbox::{Sandbox, lock};

/// How long a key is remembered.
const REMEMBER_SECONDS: i64 = 24 * 3600;
/// Characters in a key, at most.
const MAX_KEY: usize = 255;

/// A key that is in use until this is dropped.
pub struct Claim<'a> {
    sandbox: &'a Sandbox,
    held: (String, String),
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        lock(&self.sandbox.in_flight).remove(&self.held);
    }
}

/// Takes a key for a request, or 409 when another request with it still runs.
pub fn claim<'a>(sandbox: &'a Sandbox, account: &str, key: &str) -> Result<Claim<'a>, ApiError> {
    if key.is_empty() || key.chars().count() > MAX_KEY {
        return Err(ApiError::malformed(format!(
            "Idempotency keys must have between 1 and {MAX_KEY} characters."
        )));
    }
    let held = (account.to_owned(), key.to_owned());
    if lock(&sandbox.in_flight).insert(held.clone()) {
        Ok(Claim { sandbox, held })
    } else {
        Err(ApiError::key_in_use(key))
    }
}

/// What the same key answered before; 400 when it was used with another request.
pub fn recall(
    book: &Book,
    key: &str,
    fingerprint: &str,
    now: i64,
) -> Result<Option<StoredAnswer>, ApiError> {
    match book
        .answers
        .find(key)
        .filter(|answer| now - answer.created < REMEMBER_SECONDS)
    {
        None => Ok(None),
        Some(answer) if answer.fingerprint == fingerprint => Ok(Some(answer.clone())),
        Some(_) => Err(ApiError::key_reused(key)),
    }
}

/// What makes two requests the same: method, path and parameters, in any order.
pub fn fingerprint(method: &str, path: &str, form: &str) -> String {
    let mut pairs: Vec<&str> = form.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_unstable();
    let mut hasher = Sha256::new();
    for part in [method, path].into_iter().chain(pairs) {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_parameters_does_not_matter_their_content_does() {
        let one = fingerprint("POST", "/v1/refunds", "a=1&b=2");
        assert_eq!(one, fingerprint("POST", "/v1/refunds", "b=2&a=1"));
        assert_ne!(one, fingerprint("POST", "/v1/refunds", "a=1&b=3"));
        assert_ne!(one, fingerprint("POST", "/v1/customers", "a=1&b=2"));
    }
}
