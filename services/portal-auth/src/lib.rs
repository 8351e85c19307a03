//! Who you are and what you may see: practices, staff sign-in, programs, guests of one bill, service tokens, and the
//! keys that every token of the suite is verified with.

mod config;
pub mod domain;
mod error;
pub mod ops;
pub mod rpc;
pub mod secrets;
pub mod signing;
mod store;
pub mod wire;
pub mod work;

mod run;

pub use config::Config;
pub use error::Error;
pub use run::{routes, run, server};

use clock::Clock;
use pg::{Outbox, Pool, Requests};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What an op of this service returns.
pub type Result<T> = std::result::Result<T, Error>;

/// This schema's migrations, embedded.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
/// The schema.
pub const SCHEMA: &str = "portal_auth";

pub(crate) const REQUESTS: Requests = Requests::new(SCHEMA);
pub(crate) const OUTBOX: Outbox = Outbox::new(SCHEMA);

/// The service: what every op works with. Cheap to clone.
#[derive(Clone)]
pub struct PortalAuth {
    /// Connections as the schema's role.
    pub db: Pool,
    /// Time and randomness.
    pub clock: Clock,
    /// Seals and digests with keys that are not in the database.
    pub secrets: Arc<secrets::Secrets>,
    /// The keys tokens are signed with.
    pub signing: signing::Signing,
    /// Digest of the operator's setup token; registration is closed without one.
    pub setup_token_digest: Option<[u8; 32]>,
    /// Digests of the suite's own services' secrets, by name.
    pub service_secret_digests: Arc<HashMap<String, [u8; 32]>>,
    /// How many passwords and codes may be hashed at once: each takes 19 MiB.
    pub hashing: Arc<Semaphore>,
}
