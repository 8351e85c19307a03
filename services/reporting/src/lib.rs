//! Reports that equal the ledger: projections of billing's events, read back by month, method and account.
//!
//! Nothing here is an original. Every row comes from billing's feed, in the transaction that moves the cursor, so a
//! practice's projections can be thrown away and read again at any time.

pub mod domain;
pub mod ops;
pub mod rpc;
pub mod store;
pub mod wire;
pub mod work;

mod config;
mod error;
mod run;

pub use config::Config;
pub use error::Error;
pub use run::{routes, run};

use clock::Clock;
use pg::{PageKey, Pool, Requests};

/// What an op of this service returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// This schema's migrations, embedded.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
/// The schema, and the service's name.
pub const SCHEMA: &str = "reporting";
/// Whose feed is followed; names the cursors.
pub const BILLING: &str = "billing";

pub(crate) const REQUESTS: Requests = Requests::new(SCHEMA);

/// The service: what every op works with. Cheap to clone.
#[derive(Clone)]
pub struct Reporting {
    /// Connections as the schema's role.
    pub db: Pool,
    /// Time and randomness.
    pub clock: Clock,
    /// Seals the page tokens of lists.
    pub page_key: PageKey,
    /// How far billing's feed has come.
    pub billing: wire::head::BillingHead,
}
