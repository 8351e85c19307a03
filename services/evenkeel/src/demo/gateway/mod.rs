//! The suite as a practice's program sees it: one address, the gateway's. Bulk writes go as grpc-web, the rest as
//! JSON; both carry the caller's token and are repeated, with the same request_id, when repeating is right.

mod json;
mod refusal;
mod web;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use clock::Clock;
use jiff::{SignedDuration, Timestamp};
use proto::portal_auth::v1 as portal_auth;

pub use refusal::Refusal;
pub use web::Web;

/// Attempts of one call, the first included.
const ATTEMPTS: u32 = 9;
/// The pause after the first attempt; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// A token is renewed when less than this is left of it.
const RENEW_BEFORE_EXPIRY: SignedDuration = SignedDuration::from_mins(3);

/// Sign-in of a member of staff.
#[derive(Clone)]
pub struct SignIn {
    /// Address.
    pub email: String,
    /// In the clear.
    pub password: String,
}

/// The token that calls carry, shared by all clones.
#[derive(Clone, Default)]
pub struct Bearer(Arc<RwLock<String>>);

impl Bearer {
    fn set(&self, token: String) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// `Bearer …`; none before the first sign-in.
    fn header(&self) -> Option<String> {
        let token = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if token.is_empty() {
            None
        } else {
            Some(format!("Bearer {token}"))
        }
    }
}

/// A caller at the gateway.
pub struct Gateway {
    base: String,
    http: reqwest::Client,
    web: Web,
    bearer: Bearer,
    clock: Clock,
    staff: Option<(SignIn, Timestamp)>,
}

impl Gateway {
    /// A caller without a token. `base` is `http://host:port`.
    ///
    /// # Errors
    /// An address that is none.
    pub fn at(base: &str, clock: Clock) -> anyhow::Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        let bearer = Bearer::default();
        let web = Web::at(&base, bearer.clone())?;
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .build()?;
        Ok(Self {
            base,
            http,
            web,
            bearer,
            clock,
            staff: None,
        })
    }

    /// Signs a member of staff in; the token is renewed by `renew`. Returns the practice's id.
    ///
    /// # Errors
    /// The gateway's refusal.
    pub async fn sign_in(&mut self, staff: SignIn) -> Result<String, Refusal> {
        let request = portal_auth::SignInStaffRequest {
            email: staff.email.clone(),
            password: staff.password.clone(),
        };
        let answer: portal_auth::SignInStaffResponse =
            self.post("/v1/signIn/staff", &request).await?;
        let expires = answer
            .expire_time
            .and_then(|time| Timestamp::from_second(time.seconds).ok());
        self.bearer.set(answer.access_token);
        self.staff = Some((staff, expires.unwrap_or(Timestamp::UNIX_EPOCH)));
        Ok(answer.practice_id)
    }

    /// Signs in again when the token is about to end.
    ///
    /// # Errors
    /// The gateway's refusal.
    pub async fn renew(&mut self) -> Result<(), Refusal> {
        let now = self.clock.now();
        match self.staff.take() {
            Some((staff, expires)) if expires.duration_since(now) < RENEW_BEFORE_EXPIRY => {
                self.sign_in(staff).await.map(drop)
            }
            unchanged => {
                self.staff = unchanged;
                Ok(())
            }
        }
    }

    /// Another caller at the same gateway: the guest of one bill.
    ///
    /// # Errors
    /// The gateway's refusal, the same whatever half was wrong.
    pub async fn guest(
        &self,
        reference: &str,
        access_code: &str,
    ) -> Result<(Self, String), Refusal> {
        let mut guest = Self::at(&self.base, self.clock.clone())
            .map_err(|error| Refusal::local(error.to_string()))?;
        guest.http = self.http.clone();
        let request = portal_auth::SignInGuestRequest {
            reference: reference.to_owned(),
            access_code: access_code.to_owned(),
            link_token: String::new(),
        };
        let answer: portal_auth::SignInGuestResponse =
            guest.post("/v1/signIn/guest", &request).await?;
        guest.bearer.set(answer.access_token);
        Ok((guest, answer.bill_id))
    }

    /// The grpc-web clients.
    pub fn web(&self) -> &Web {
        &self.web
    }
}

/// Repeats a call while the refusal says that a repeat is right.
///
/// # Errors
/// The last refusal.
pub async fn patiently<T>(mut call: impl AsyncFnMut() -> Result<T, Refusal>) -> Result<T, Refusal> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match call().await {
            Err(refusal) if refusal.invites_repeat() => tokio::time::sleep(pause).await,
            settled => return settled,
        }
        pause = LONGEST_PAUSE.min(pause * 2);
    }
    call().await
}
