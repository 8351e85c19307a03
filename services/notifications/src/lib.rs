//! E-mails: what billing and payments announce becomes a mail, sent once, and kept with what became of it.
//!
//! An event becomes a row of `messages` in the transaction that moves the cursor (`work/{bills,payments}.rs`); a worker
//! claims it, asks for the facts as they are then, writes the letter and hands it to the mail server (`work/deliver.rs`).

/// Settings.
pub mod config;
pub mod domain;
/// What can go wrong.
pub mod error;
pub mod letter;
pub mod ops;
pub mod rpc;
pub mod store;
pub mod wire;
pub mod work;

mod run;

pub use config::{Config, DeliveryConfig};
pub use error::Error;
pub use run::{routes, run};

use ::rpc::Connection;
use clock::Clock;
use letter::Templates;
use pg::{Outbox, PageKey, Pool};
use std::sync::Arc;

/// What an op of this service returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// This schema's migrations, embedded.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
/// The schema, and the service's name.
pub const SCHEMA: &str = "notifications";

pub(crate) const OUTBOX: Outbox = Outbox::new(SCHEMA);

/// The service: what every op works with. Cheap to clone.
#[derive(Clone)]
pub struct Notifications {
    /// Connections as the schema's role.
    pub db: Pool,
    /// Time and randomness.
    pub clock: Clock,
    /// Seals the page tokens of lists.
    pub page_key: PageKey,
    /// Addresses, bills, balances and documents.
    pub billing: Connection,
    /// Access Codes.
    pub portal_auth: Connection,
    /// Hands mails over.
    pub smtp: work::Smtp,
    /// Writes letters.
    pub templates: Arc<Templates>,
    /// Where guests pay: `https://pay.example.com`, without a slash at its end.
    pub pay_page_url: String,
    /// Outcomes that come at once, to share a transaction.
    pub outcomes: ops::record_outcome::Outcomes,
    /// How patiently mails are sent.
    pub delivery: DeliveryConfig,
}
