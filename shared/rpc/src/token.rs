use crate::caller::{Caller, Role};
use crate::checked::{self, Fingerprint};
use crate::fault::{Details, Fault};
use crate::keys::{FetchError, Keys};
use clock::Clock;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tonic::Code;

/// The `iss` of every access token.
pub const ISSUER: &str = "evenkeel";
/// The `aud` of every access token.
pub const AUDIENCE: &str = "evenkeel";
/// A token that lives longer is refused, whoever signed it.
pub const MAX_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How far the issuer's clock may be off.
const LEEWAY_SECONDS: i64 = 30;
const MAX_BYTES: usize = 8 * 1024;

/// What an access token says. portal-auth signs this same type (ES256, with the key's id in the header).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// [`ISSUER`].
    pub iss: String,
    /// [`AUDIENCE`].
    pub aud: String,
    /// Who: `user_01j…`, `prog_01j…`, `guest:bill_01j…`, `service:payments`.
    pub sub: String,
    /// What for.
    pub role: Role,
    /// The one practice; absent for services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practice_id: Option<String>,
    /// The one bill of a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill_id: Option<String>,
    /// The clients of a client or contact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_ids: Vec<String>,
    /// Which contact a contact is: whose cards and bills are their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<String>,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
}

/// Why a token is not accepted. The caller learns no more than the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It was good once.
    #[error("the sign-in has expired")]
    Expired,
    /// Not ours, not for us, or changed; the detail is for the log.
    #[error("the token is not valid")]
    Invalid(&'static str),
    /// The keys to check it with cannot be had now.
    #[error("tokens cannot be checked now")]
    KeysUnavailable,
}

impl Fault for TokenFault {
    fn code(&self) -> Code {
        match self {
            Self::Expired | Self::Invalid(_) => Code::Unauthenticated,
            Self::KeysUnavailable => Code::Unavailable,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Expired => "TOKEN_EXPIRED",
            Self::Invalid(_) => "TOKEN_INVALID",
            Self::KeysUnavailable => "KEYS_UNAVAILABLE",
        }
    }

    fn details(&self) -> Details {
        match self {
            Self::Expired | Self::Invalid(_) => Details::default(),
            Self::KeysUnavailable => Details::default().retry_after(Duration::from_secs(1)),
        }
    }
}

/// Checks access tokens: the signature against a known key, the algorithm pinned, issuer, audience, times, and that the
/// claims fit the role.
#[derive(Debug)]
pub struct Verifier {
    keys: Keys,
    clock: Clock,
    rules: Validation,
}

impl Verifier {
    /// A verifier with these keys, by this clock.
    #[must_use]
    pub fn new(keys: Keys, clock: Clock) -> Self {
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Times are checked below, by our clock.
        rules.validate_exp = false;
        Self { keys, clock, rules }
    }

    /// Who the token was issued to.
    ///
    /// # Errors
    /// See [`TokenFault`].
    pub async fn verify(&self, token: &str) -> Result<Caller, TokenFault> {
        let claims = self.claims(token).await;
        if let Err(TokenFault::Invalid(why)) = &claims {
            tracing::info!(why, "a token was refused");
        }
        claims.and_then(|claims| caller(&claims))
    }

    async fn claims(&self, token: &str) -> Result<Arc<Claims>, TokenFault> {
        if token.len() > MAX_BYTES {
            return Err(TokenFault::Invalid("it is too long"));
        }
        let fingerprint = Fingerprint::of(token);
        let claims = match self.keys.known().checked.get(&fingerprint) {
            Some(claims) => claims,
            None => self.signed(token, fingerprint).await?,
        };
        self.check_times(&claims)?;
        Ok(claims)
    }

    /// What a token says that one of the known keys has signed; remembered as long as those are the keys.
    async fn signed(
        &self,
        token: &str,
        fingerprint: Fingerprint,
    ) -> Result<Arc<Claims>, TokenFault> {
        let header = decode_header(token).map_err(|_| TokenFault::Invalid("it is no JWT"))?;
        // Nothing in the header is believed but the name of a key that we know.
        if header.alg != Algorithm::ES256 {
            return Err(TokenFault::Invalid("another algorithm"));
        }
        let id = header.kid.ok_or(TokenFault::Invalid("it names no key"))?;
        let unknown = TokenFault::Invalid("an unknown key");
        let set = self.keys.find(&id).await.map_err(unavailable)?;
        let set = set.ok_or_else(|| unknown.clone())?;
        let key = set.get(&id).ok_or(unknown)?;
        let claims = decode::<Claims>(token, key, &self.rules)
            .map_err(|error| TokenFault::Invalid(why(error.kind())))?
            .claims;
        let claims = Arc::new(claims);
        if token.len() <= checked::MAX_BYTES {
            set.checked.keep(fingerprint, Arc::clone(&claims));
        }
        Ok(claims)
    }

    fn check_times(&self, claims: &Claims) -> Result<(), TokenFault> {
        let now = self.clock.now().as_second();
        let lifetime = claims.exp.saturating_sub(claims.iat);
        let longest = i64::try_from(MAX_LIFETIME.as_secs()).unwrap_or(i64::MAX);
        if !(0..=longest).contains(&lifetime) {
            return Err(TokenFault::Invalid("it lives too long"));
        }
        if claims.iat > now.saturating_add(LEEWAY_SECONDS) {
            return Err(TokenFault::Invalid("it was issued in the future"));
        }
        if claims.exp.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(TokenFault::Expired);
        }
        Ok(())
    }
}

fn unavailable(error: FetchError) -> TokenFault {
    tracing::error!(error = %crate::fault::Causes(&error), "there are no keys to check tokens with");
    TokenFault::KeysUnavailable
}

const fn why(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => "a wrong signature",
        ErrorKind::InvalidIssuer => "another issuer",
        ErrorKind::InvalidAudience => "another audience",
        ErrorKind::MissingRequiredClaim(_) => "a claim is missing",
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => "another algorithm",
        // The library's list is open.
        _ => "it is malformed",
    }
}

/// A role without what limits it would see too much, so it is refused.
fn caller(claims: &Claims) -> Result<Caller, TokenFault> {
    let malformed = |_| TokenFault::Invalid("an id is malformed");
    let practice = claims.practice_id.as_deref().map(str::parse).transpose();
    let practice = practice.map_err(malformed)?;
    let bill = claims.bill_id.as_deref().map(str::parse).transpose();
    let bill = bill.map_err(malformed)?;
    let clients = claims.client_ids.iter().map(|id| id.parse());
    let clients = clients.collect::<Result<_, _>>().map_err(malformed)?;
    let contact = claims.contact_id.as_deref().map(str::parse).transpose();
    let contact = contact.map_err(malformed)?;
    let service = claims.sub.strip_prefix("service:").map(str::to_owned);
    let limited = match claims.role {
        Role::Owner
        | Role::Biller
        | Role::Clinician
        | Role::Client
        | Role::Contact
        | Role::Program => practice.is_some() && service.is_none(),
        Role::Guest => practice.is_some() && bill.is_some() && service.is_none(),
        Role::Service => service.is_some(),
        Role::Anonymous => false,
    };
    if !limited {
        return Err(TokenFault::Invalid("its claims do not fit its role"));
    }
    Ok(Caller {
        subject: claims.sub.clone(),
        role: claims.role,
        practice,
        bill,
        clients,
        contact,
        service,
        ..Caller::anonymous()
    })
}
