use crate::checked::CheckedTokens;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How often the keys are fetched again without being asked.
const REFRESH: Duration = Duration::from_secs(5 * 60);
/// How often an unknown key id may cause a fetch.
const AT_MOST_EVERY: Duration = Duration::from_secs(5);
/// The same while no key is known at all.
const UNTIL_FIRST: Duration = Duration::from_millis(250);
const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
const MAX_BYTES: usize = 64 * 1024;

/// What is known at one time. The next set of keys begins with no checked token.
#[derive(Default)]
pub(crate) struct KeySet {
    source: Option<JwkSet>,
    by_id: HashMap<String, DecodingKey>,
    /// Of the tokens these keys have signed.
    pub(crate) checked: CheckedTokens,
}

impl KeySet {
    pub(crate) fn get(&self, id: &str) -> Option<&DecodingKey> {
        self.by_id.get(id)
    }
}

/// The public keys that access tokens are checked with. A clone shares them.
#[derive(Clone)]
pub struct Keys {
    shared: Arc<Shared>,
}

struct Shared {
    known: RwLock<Arc<KeySet>>,
    remote: Option<Remote>,
}

struct Remote {
    url: String,
    http: reqwest::Client,
    last_try: Mutex<Option<Instant>>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the keys could not be fetched a moment ago")]
    JustFailed,
    #[error("{url} does not answer")]
    Unreachable { url: String, source: reqwest::Error },
    #[error("{url} does not answer with a known length of at most {MAX_BYTES} bytes")]
    TooLarge { url: String },
    #[error("{url} does not answer with a key set")]
    NoKeySet { url: String, source: reqwest::Error },
}

impl Keys {
    /// Keys that are known here: portal-auth's own, and tests'.
    #[must_use]
    pub fn fixed(set: &JwkSet) -> Self {
        let keys = Self::empty(None);
        keys.replace(set);
        keys
    }

    /// Keys from `http://…/jwks.json`: fetched in the background now and every five minutes, and at once for a token
    /// whose key is not known yet. What is known stays when the address does not answer.
    ///
    /// Call it inside the tokio runtime.
    #[must_use]
    pub fn remote(url: &str) -> Self {
        let keys = Self::empty(Some(Remote {
            url: url.to_owned(),
            http: reqwest::Client::new(),
            last_try: Mutex::new(None),
        }));
        tokio::spawn(keep_fresh(Arc::downgrade(&keys.shared)));
        keys
    }

    fn empty(remote: Option<Remote>) -> Self {
        Self {
            shared: Arc::new(Shared {
                known: RwLock::default(),
                remote,
            }),
        }
    }

    /// Takes these keys in place of all known ones.
    pub fn replace(&self, set: &JwkSet) {
        self.shared.replace(set);
    }

    /// The keys that are known now.
    pub(crate) fn known(&self) -> Arc<KeySet> {
        self.shared.snapshot()
    }

    /// The set with the key of this id; a remote set is asked again when it is not known. `Err` when no key at all is
    /// known.
    pub(crate) async fn find(&self, id: &str) -> Result<Option<Arc<KeySet>>, FetchError> {
        if let Some(set) = self.shared.with(id) {
            return Ok(Some(set));
        }
        let Some(remote) = &self.shared.remote else {
            return Ok(None);
        };
        // Whoever waits here finds what the one before fetched.
        let mut last_try = remote.last_try.lock().await;
        if let Some(set) = self.shared.with(id) {
            return Ok(Some(set));
        }
        let some_known = !self.known().by_id.is_empty();
        let pause = if some_known {
            AT_MOST_EVERY
        } else {
            UNTIL_FIRST
        };
        if last_try.is_some_and(|at| at.elapsed() < pause) {
            return if some_known {
                Ok(None)
            } else {
                Err(FetchError::JustFailed)
            };
        }
        *last_try = Some(Instant::now());
        match remote.fetch().await {
            Ok(set) => self.shared.replace(&set),
            Err(error) if some_known => {
                tracing::warn!(%error, "token keys could not be fetched");
            }
            Err(error) => return Err(error),
        }
        Ok(self.shared.with(id))
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut ids: Vec<String> = self.known().by_id.keys().cloned().collect();
        ids.sort();
        out.debug_struct("Keys")
            .field("ids", &ids)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn snapshot(&self) -> Arc<KeySet> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn with(&self, id: &str) -> Option<Arc<KeySet>> {
        let set = self.snapshot();
        set.get(id).is_some().then_some(set)
    }

    /// The same keys stay, with the tokens that were checked with them.
    fn replace(&self, set: &JwkSet) {
        if self.snapshot().source.as_ref() == Some(set) {
            return;
        }
        let set = KeySet {
            source: Some(set.clone()),
            by_id: set.keys.iter().filter_map(usable).collect(),
            checked: CheckedTokens::default(),
        };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
    }
}

/// Only P-256 signing keys with an id, whatever else the set holds.
fn usable(key: &Jwk) -> Option<(String, DecodingKey)> {
    let id = key.common.key_id.clone()?;
    let p256 = matches!(&key.algorithm, AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256);
    let signs = matches!(
        key.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    let es256 = matches!(key.common.key_algorithm, None | Some(KeyAlgorithm::ES256));
    let decoding = DecodingKey::from_jwk(key).ok()?;
    (p256 && signs && es256).then_some((id, decoding))
}

impl Remote {
    async fn fetch(&self) -> Result<JwkSet, FetchError> {
        let url = || self.url.clone();
        let unreachable = |source| FetchError::Unreachable { url: url(), source };
        let response = self
            .http
            .get(&self.url)
            .timeout(FETCH_TIMEOUT)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(unreachable)?;
        let length = response
            .content_length()
            .and_then(|length| usize::try_from(length).ok());
        if length.is_none_or(|length| length > MAX_BYTES) {
            return Err(FetchError::TooLarge { url: url() });
        }
        response
            .json()
            .await
            .map_err(|source| FetchError::NoKeySet { url: url(), source })
    }
}

/// Ends with the last clone of the keys.
async fn keep_fresh(shared: Weak<Shared>) {
    loop {
        let mut pause = REFRESH.mul_f64(rand::random_range(0.9..1.1));
        {
            let Some(shared) = shared.upgrade() else {
                return;
            };
            let Some(remote) = &shared.remote else { return };
            let mut last_try = remote.last_try.lock().await;
            if last_try.is_some_and(|at| at.elapsed() < AT_MOST_EVERY) {
                pause = AT_MOST_EVERY;
            } else {
                *last_try = Some(Instant::now());
                match remote.fetch().await {
                    Ok(set) => shared.replace(&set),
                    Err(error) => {
                        tracing::warn!(%error, "token keys could not be fetched");
                        pause = AT_MOST_EVERY;
                    }
                }
            }
        }
        tokio::time::sleep(pause).await;
    }
}
