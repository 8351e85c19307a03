use crate::token::Claims;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Tokens that are remembered.
const MAX_TOKENS: usize = 4096;
/// A longer token, of somebody with very many clients, is checked each time.
pub(crate) const MAX_BYTES: usize = 1024;

/// Tokens whose signature was found good under one set of keys, so that the same token costs a hash the next time: a
/// signature takes half a millisecond of a processor. It goes with its set of keys, and says nothing about times.
#[derive(Default)]
pub(crate) struct CheckedTokens(Mutex<HashMap<Fingerprint, Arc<Claims>>>);

/// SHA-256 of a token: what is remembered cannot be shown to anybody as a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

impl CheckedTokens {
    pub(crate) fn get(&self, token: &Fingerprint) -> Option<Arc<Claims>> {
        self.known().get(token).cloned()
    }

    pub(crate) fn keep(&self, token: Fingerprint, claims: Arc<Claims>) {
        let mut known = self.known();
        if known.len() >= MAX_TOKENS {
            // Those still in use come back, at a signature each.
            known.clear();
        }
        known.insert(token, claims);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Fingerprint, Arc<Claims>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Role;

    fn claims() -> Arc<Claims> {
        Arc::new(Claims {
            iss: String::new(),
            aud: String::new(),
            sub: String::new(),
            role: Role::Anonymous,
            practice_id: None,
            bill_id: None,
            client_ids: Vec::new(),
            contact_id: None,
            iat: 0,
            exp: 0,
        })
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let checked = CheckedTokens::default();
        for number in 0..=MAX_TOKENS {
            checked.keep(Fingerprint::of(&number.to_string()), claims());
            assert!(checked.known().len() <= MAX_TOKENS);
        }
        let last = Fingerprint::of(&MAX_TOKENS.to_string());
        assert!(checked.get(&last).is_some());
    }
}
