//! The HTTP client under async-stripe's requests. async-stripe's own keeps no connection open and
//! turns an answer's status and headers into text, so this one takes its place through the trait
//! made for that.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use stripe_client_core::{
    CustomizedStripeRequest, IdempotencyKey, RequestBuilder, RequestStrategy, StripeClient,
    StripeMethod, VERSION,
};

use crate::error::{ConfigError, ProcessorError};
use crate::object_id::is_object_id;

const STRIPE: &str = "https://api.stripe.com";
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
const IDLE_CONNECTIONS_MAX: usize = 32;
const ANSWER_BYTES_MAX: usize = 4 << 20;
const RETRY_AFTER_MAX_SECONDS: u64 = 3_600;

#[derive(Clone)]
pub(crate) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    authorization: HeaderValue,
    account: Option<HeaderValue>,
    timeout: Duration,
}

impl Transport {
    pub(crate) fn new(
        base: Option<&str>,
        key: &SecretString,
        account: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let base = checked_base(base.unwrap_or(STRIPE))?;
        let key = key.expose_secret();
        if base.starts_with("http://")
            && (key.starts_with("sk_live_") || key.starts_with("rk_live_"))
        {
            return Err(ConfigError::PlainHttp);
        }
        Ok(Self {
            client: client()?,
            base,
            authorization: bearer(key)?,
            account: account.map(account_header).transpose()?,
            timeout: CALL_TIMEOUT,
        })
    }

    pub(crate) fn for_account(&self, account: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            account: Some(account_header(account)?),
            ..self.clone()
        })
    }

    pub(crate) fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    fn request(
        &self,
        parts: RequestBuilder,
        key: Option<&IdempotencyKey>,
    ) -> Result<Request<Full<Bytes>>, ProcessorError> {
        let query = parts
            .query
            .filter(|query| !query.is_empty())
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let mut request = Request::builder()
            .method(match parts.method {
                StripeMethod::Get => Method::GET,
                StripeMethod::Post => Method::POST,
                StripeMethod::Delete => Method::DELETE,
            })
            .uri(format!("{}/v1{}{query}", self.base, parts.path))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(USER_AGENT, concat!("Evenkeel/", env!("CARGO_PKG_VERSION")))
            .header("stripe-version", VERSION.as_str());
        if let Some(account) = &self.account {
            request = request.header("stripe-account", account.clone());
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key.as_str());
        }
        if parts.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        request
            .body(Full::new(Bytes::from(parts.body.unwrap_or_default())))
            .map_err(|_| ProcessorError::unsendable("request", "it has no HTTP form"))
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, ProcessorError> {
        let answer = self.client.request(request).await.map_err(|error| {
            let reason = chain(&error);
            if error.is_connect() {
                ProcessorError::Busy {
                    retry_after: None,
                    reason,
                }
            } else {
                ProcessorError::unknown(reason)
            }
        })?;
        let (head, body) = answer.into_parts();
        match Limited::new(body, ANSWER_BYTES_MAX).collect().await {
            Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
            Err(error) => Err(ProcessorError::Unknown {
                status: Some(head.status.as_u16()),
                reason: chain(error.as_ref()),
            }),
        }
    }
}

impl Transport {
    /// Sends a request whose answer async-stripe has no type for, and reads its JSON.
    pub(crate) async fn fetch<T: DeserializeOwned>(
        &self,
        parts: RequestBuilder,
        strategy: RequestStrategy,
    ) -> Result<T, ProcessorError> {
        let body = self.send(parts, strategy.get_key()).await?;
        serde_json::from_slice(&body)
            .map_err(|_| ProcessorError::unknown("an answer without what was to be in it"))
    }

    #[tracing::instrument(name = "stripe", skip_all, fields(method, path, status, request))]
    async fn send(
        &self,
        parts: RequestBuilder,
        key: Option<IdempotencyKey>,
    ) -> Result<Bytes, ProcessorError> {
        let span = tracing::Span::current();
        span.record("method", tracing::field::debug(parts.method))
            .record("path", parts.path.as_str());
        let request = self.request(parts, key.as_ref())?;
        let answer = tokio::time::timeout(self.timeout, self.exchange(request))
            .await
            .map_err(|_| {
                ProcessorError::unknown(format!("no answer within {:?}", self.timeout))
            })??;
        span.record("status", answer.status().as_u16());
        if let Some(id) = answer
            .headers()
            .get("request-id")
            .and_then(|id| id.to_str().ok())
        {
            span.record("request", id);
        }
        if answer.status().is_success() {
            return Ok(answer.into_body());
        }
        let retry_after = retry_after(answer.headers());
        Err(ProcessorError::of_answer(
            answer.status().as_u16(),
            retry_after,
            answer.body(),
        ))
    }
}

impl StripeClient for Transport {
    type Err = ProcessorError;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, ProcessorError> {
        let (parts, overrides) = request.into_pieces();
        let key = overrides
            .request_strategy
            .as_ref()
            .and_then(RequestStrategy::get_key);
        self.send(parts, key).await
    }
}

/// Without the key, which is marked sensitive, and without the client's inside.
impl fmt::Debug for Transport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Transport")
            .field("base", &self.base)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// Sends a write once under `key`: 1 to 255 visible ASCII characters.
pub(crate) fn under(key: &str) -> Result<RequestStrategy, ProcessorError> {
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ProcessorError::unsendable(
            "idempotency_key",
            "it must be visible ASCII",
        ));
    }
    IdempotencyKey::new(key)
        .map(RequestStrategy::Idempotent)
        .map_err(|_| {
            ProcessorError::unsendable("idempotency_key", "it must have 1 to 255 characters")
        })
}

fn client() -> Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>, ConfigError> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let https = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
        .map_err(|_| ConfigError::Tls)?
        .https_or_http()
        .enable_http1()
        .enable_http2()
        .wrap_connector(http);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .build(https))
}

fn checked_base(base: &str) -> Result<String, ConfigError> {
    let base = base.trim_end_matches('/');
    let uri: Uri = base.parse().map_err(|_| ConfigError::BaseUrl)?;
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    if known && uri.host().is_some_and(|host| !host.is_empty()) && uri.query().is_none() {
        Ok(base.to_owned())
    } else {
        Err(ConfigError::BaseUrl)
    }
}

fn bearer(key: &str) -> Result<HeaderValue, ConfigError> {
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ConfigError::SecretKey);
    }
    let mut value =
        HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| ConfigError::SecretKey)?;
    value.set_sensitive(true);
    Ok(value)
}

fn account_header(account: &str) -> Result<HeaderValue, ConfigError> {
    if !account.starts_with("acct_") || !is_object_id(account) {
        return Err(ConfigError::Account);
    }
    HeaderValue::from_str(account).map_err(|_| ConfigError::Account)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX_SECONDS)))
}

/// The error and its causes, which hyper keeps apart.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(base: &str, key: &str, account: Option<&str>) -> Result<Transport, ConfigError> {
        Transport::new(Some(base), &SecretString::from(key), account)
    }

    #[test]
    fn a_wrong_configuration_is_named() {
        for base in [
            "",
            "stripe",
            "ftp://stripe",
            "https://",
            "https://stripe/?a=b",
            "not a url",
        ] {
            assert_eq!(
                made(base, "sk_test_1", None).err(),
                Some(ConfigError::BaseUrl),
                "{base:?}"
            );
        }
        for key in ["", "sk test", "sk_test_\n", "ké"] {
            assert_eq!(
                made(STRIPE, key, None).err(),
                Some(ConfigError::SecretKey),
                "{key:?}"
            );
        }
        for account in ["", "acct 1", "cus_1", "acct_1\r\nx: y"] {
            assert_eq!(
                made(STRIPE, "sk_test_1", Some(account)).err(),
                Some(ConfigError::Account),
                "{account:?}"
            );
        }
    }

    #[test]
    fn a_live_key_never_travels_readable() {
        assert_eq!(
            made("http://stripe.example", "sk_live_1", None).err(),
            Some(ConfigError::PlainHttp)
        );
        assert_eq!(
            made("http://stripe.example", "rk_live_1", None).err(),
            Some(ConfigError::PlainHttp)
        );
        assert!(made("https://stripe.example/", "sk_live_1", None).is_ok());
        assert!(made("http://127.0.0.1:12111", "sk_test_1", None).is_ok());
    }

    #[test]
    fn p_the_key_is_not_in_what_is_printed() {
        let transport = made(STRIPE, "sk_test_canary", Some("acct_1")).expect("a configuration");
        assert!(!format!("{transport:?}").contains("canary"));
        assert!(!format!("{:?}", transport.authorization).contains("canary"));
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_not_sent() {
        assert!(under("payment_1-attempt_1").is_ok());
        for key in ["", "a b", "a\r\nb", "é", &"k".repeat(256)] {
            assert!(
                matches!(under(key), Err(ProcessorError::Rejected { .. })),
                "{key:?}"
            );
        }
    }
}
