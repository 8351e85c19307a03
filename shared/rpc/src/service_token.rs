use clock::Clock;
use http::HeaderValue;
use jiff::Timestamp;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;
use tonic::Status;

/// A token with less time left than this is renewed before it is used.
const RENEW_SECONDS: i64 = 60;

/// An access token and when it ends.
#[derive(Clone)]
pub struct Token {
    /// The JWT.
    pub value: String,
    /// When it is no longer accepted.
    pub expire_time: Timestamp,
}

type Fetch = dyn Fn() -> Pin<Box<dyn Future<Output = Result<Token, Status>> + Send>> + Send + Sync;

/// The token that a service shows to others: kept, and renewed before it ends. A clone shares it.
#[derive(Clone)]
pub struct ServiceToken(Source);

#[derive(Clone)]
enum Source {
    None,
    Fixed(HeaderValue),
    Fetched(Arc<Fetched>),
}

struct Fetched {
    clock: Clock,
    fetch: Box<Fetch>,
    known: RwLock<Option<(HeaderValue, Timestamp)>>,
    renewing: Mutex<()>,
}

impl ServiceToken {
    /// Calls without a token: signing in, and getting the first service token.
    #[must_use]
    pub const fn none() -> Self {
        Self(Source::None)
    }

    /// Always this one, for tests and command lines.
    ///
    /// # Errors
    /// UNAUTHENTICATED when it cannot stand in a header.
    pub fn fixed(token: &str) -> Result<Self, Status> {
        Ok(Self(Source::Fixed(bearer(token)?)))
    }

    /// Asks `fetch` for a token when one is needed: at the first call, and in the last minute of the one before.
    /// Calls in that minute go on with the old one when `fetch` fails.
    pub fn fetched<F, Fut>(clock: Clock, fetch: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Token, Status>> + Send + 'static,
    {
        Self(Source::Fetched(Arc::new(Fetched {
            clock,
            fetch: Box::new(move || Box::pin(fetch())),
            known: RwLock::new(None),
            renewing: Mutex::new(()),
        })))
    }

    /// The `authorization` header to send now.
    pub(crate) async fn header(&self) -> Result<Option<HeaderValue>, Status> {
        match &self.0 {
            Source::None => Ok(None),
            Source::Fixed(header) => Ok(Some(header.clone())),
            Source::Fetched(fetched) => fetched.header().await.map(Some),
        }
    }
}

impl std::fmt::Debug for ServiceToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ServiceToken(…)")
    }
}

impl Fetched {
    async fn header(&self) -> Result<HeaderValue, Status> {
        let usable = match self.known() {
            Some((header, left)) if left > RENEW_SECONDS => return Ok(header),
            known => known
                .filter(|(_, left)| *left > 0)
                .map(|(header, _)| header),
        };
        let _renewing = match (&usable, self.renewing.try_lock()) {
            (_, Ok(guard)) => guard,
            (Some(header), Err(_)) => return Ok(header.clone()),
            (None, Err(_)) => self.renewing.lock().await,
        };
        if let Some((header, left)) = self.known()
            && left > RENEW_SECONDS
        {
            return Ok(header);
        }
        match (self.renew().await, usable) {
            (Ok(header), _) => Ok(header),
            (Err(error), Some(header)) => {
                tracing::warn!(%error, "the service token could not be renewed yet");
                Ok(header)
            }
            (Err(error), None) => Err(error),
        }
    }

    /// The token and the seconds it has left.
    fn known(&self) -> Option<(HeaderValue, i64)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (header, expire_time) = known.as_ref()?;
        let left = expire_time.as_second() - self.clock.now().as_second();
        Some((header.clone(), left))
    }

    async fn renew(&self) -> Result<HeaderValue, Status> {
        let token = (self.fetch)().await?;
        let header = bearer(&token.value)?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) =
            Some((header.clone(), token.expire_time));
        Ok(header)
    }
}

fn bearer(token: &str) -> Result<HeaderValue, Status> {
    let mut header = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| Status::unauthenticated("the service token cannot stand in a header"))?;
    header.set_sensitive(true);
    Ok(header)
}
