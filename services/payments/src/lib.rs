//! Payments: money from clients is recorded, charged through the processor, and given back.
//!
//! `ops` is what it does, one verb a file; `domain` the rules; `store` the SQL; `rpc` and `wire` the doors to outside;
//! `work` the loops: feeds that are followed, the webhook inbox, the reconciler.
//!
//! The network is never inside a transaction. A charge is intent, call, outcome, each committed before the next begins
//! (`ops::charge`), so that a crash between any two is found and finished without a second charge.

/// What an operator sets.
pub mod config;
pub mod crash;
pub mod domain;
/// What an op answers instead of success.
pub mod error;
pub mod ops;
pub mod rpc;
pub mod store;
pub mod wire;
pub mod work;

mod account_refusal;
mod autopay_refusal;
mod payout_refusal;
mod run;

pub use account_refusal::AccountRefusal;
pub use autopay_refusal::AutoPayRefusal;
pub use config::{Config, Timing};
pub use error::{Error, Missing};
pub use ops::{totals, verify_practice};
pub use payout_refusal::PayoutRefusal;
pub use run::{routes, run};

use clock::Clock;
use pg::{Outbox, PageKey, Pool, Requests};
use processor::Processor;
use secrecy::SecretString;
use std::sync::Arc;
use tokio::sync::Notify;

/// What an op of this service returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// This schema's migrations, embedded.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
/// The schema, and the service's name.
pub const SCHEMA: &str = "payments";

pub(crate) const REQUESTS: Requests = Requests::new(SCHEMA);
pub(crate) const OUTBOX: Outbox = Outbox::new(SCHEMA);

/// The service: what every op works with. Cheap to clone.
#[derive(Clone)]
pub struct Payments {
    /// Connections as the schema's role.
    pub db: Pool,
    /// Time and randomness.
    pub clock: Clock,
    /// Seals the page tokens of lists.
    pub page_key: PageKey,
    /// The card processor, on the installation's account.
    pub processor: Processor,
    /// Online payments need an account of the practice's own; the installation's is nobody's.
    pub own_account_required: bool,
    /// Offline payments that are recorded at once, to share a transaction.
    pub recordings: crate::ops::Recordings,
    /// billing, for bills, holds and the books.
    pub billing: crate::rpc::billing::Billing,
    /// Secrets that the processor may sign webhooks with: two while one is being replaced.
    pub webhook_secrets: Arc<[SecretString]>,
    /// What a payment's id at the processor is put behind to open it in the dashboard.
    pub dashboard_url: Arc<str>,
    /// How often and how long.
    pub timing: Timing,
    /// Wakes the inbox's worker when a webhook came.
    pub webhook_came: Arc<Notify>,
}

impl Payments {
    /// The processor on an account of a practice's own; none: on the installation's.
    ///
    /// # Errors
    /// `Stored`.
    pub(crate) fn at(&self, account: Option<&str>) -> Result<Processor> {
        let Some(account) = account else {
            return Ok(self.processor.clone());
        };
        self.processor
            .for_account(account)
            .map_err(|_| Error::Stored("an account's id"))
    }
}
