//! How services of the suite answer and call each other over gRPC.
//!
//! A server is [`serve`] with its [`Routes`]: one visible stack (see `serve.rs`) in front of handlers that begin with
//! [`enter`] and end with [`status`]. A client is [`connect`], and [`Retry`] around a call. What the stack promises to
//! handlers: the caller is known and may call this method, the request keeps the rules of its contract, a client that
//! goes away does not stop a write, and a write that lost a database conflict runs again.

mod access;
mod admin;
mod authenticate;
mod balance;
mod body;
mod buffer;
mod caller;
mod checked;
mod client;
mod context;
mod deadline;
mod fault;
mod free_text;
mod keys;
mod layer;
mod measure;
pub mod parse;
mod rerun;
mod retry;
mod routes;
mod serve;
mod serve_config;
mod service_token;
mod shed;
mod shutdown;
mod suite;
mod token;
mod trace;
pub mod wire;

pub use access::{Method, Rule, Table, TableError};
pub use caller::{Caller, Denied, Role, enter};
pub use client::{Connection, connect};
pub use context::time_left;
pub use fault::{DOMAIN, Details, Fault, is_conflict, status};
pub use free_text::{CardNumberInText, free_text};
pub use keys::Keys;
pub use parse::{Invalid, parse};
pub use rerun::rerun;
pub use retry::{Retry, unsent};
pub use routes::Routes;
pub use serve::{Bound, Server, serve};
pub use serve_config::{Limits, ServeConfig, ServeError};
pub use service_token::{ServiceToken, Token};
pub use shutdown::terminated;
pub use suite::SuiteConfig;
pub use token::{AUDIENCE, Claims, ISSUER, MAX_LIFETIME, TokenFault, Verifier};
