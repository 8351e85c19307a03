//! How a service talks to its Postgres schema: connections that cannot lose writes, one transaction per act,
//! repeatable requests, numbered events and those who follow them.
//!
//! The schema is a parameter here, so this is the one crate with SQL that the compiler does not check.

mod connect;
mod constraint;
#[cfg(debug_assertions)]
pub mod effects;
pub mod feed;
mod group;
mod lease;
mod migrate;
mod outbox;
mod page;
mod plumbing;
mod requests;
mod transaction;
pub mod verify;
mod wake;

pub(crate) use connect::beside;
pub use connect::{PgConfig, Pool, connect};
pub use constraint::{Meaning, OnConstraint, is_conflict, is_transient, is_unique};
pub use group::Group;
pub use lease::{Lease, LeaseError, Leases};
pub use migrate::{MigrateError, migrate};
pub use outbox::{Announcement, Outbox};
pub use page::{Filter, Page, PageError, PageKey, page_size};
pub use plumbing::plumbing;
pub use requests::{RequestError, RequestKey, Requests, Seen};
pub use transaction::{
    Tx, begin, begin_any, begin_planned, begin_repeatable, begin_snapshot, ready,
};
