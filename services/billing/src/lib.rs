//! Billing: sessions become bills, bills are paid, and the books say so to the cent.
//!
//! `ops` is what it does, one verb a file; `domain` the rules of money; `store` the SQL; `rpc` and `wire` the door to
//! outside; `work` the loops that follow other services.

mod config;
pub mod documents;
mod domain;
mod error;
mod import_refusal;
mod missing;
mod named;
mod ops;
mod rpc;
mod store;
mod wire;
pub mod work;

mod run;

pub use config::Config;
pub use error::Error;
pub use import_refusal::{ImportRefusal, Use};
pub use missing::Missing;
pub use named::Named;
pub use ops::post_payment::Postings;
pub use ops::verify_books::{totals, verify_practice};
pub use run::{run, service};

use ::rpc::Connection;
use clock::Clock;
use pg::{Outbox, PageKey, Pool, Requests};
use proto::portal_auth::v1::access_code_service_client::AccessCodeServiceClient;
use typeset::Typesetter;

/// What an op of this service returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// This schema's migrations, embedded.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
/// The schema, and the service's name.
pub const SCHEMA: &str = "billing";

pub(crate) const REQUESTS: Requests = Requests::new(SCHEMA);
pub(crate) const OUTBOX: Outbox = Outbox::new(SCHEMA);

/// The service: what every op works with. Cheap to clone.
#[derive(Clone)]
pub struct Billing {
    /// Connections as the schema's role.
    pub db: Pool,
    /// Time and randomness.
    pub clock: Clock,
    /// Seals the page tokens of lists.
    pub page_key: PageKey,
    /// portal-auth's Access Codes, to print them on bills.
    pub access_codes: AccessCodeServiceClient<Connection>,
    /// Makes the PDFs.
    pub typesetter: Typesetter,
    /// Payments that are posted at once, to be booked together.
    pub postings: Postings,
    /// Where guests pay, `https://host`: printed on bills that were shared.
    pub pay_page_url: String,
}
