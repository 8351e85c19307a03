//! A Stripe-compatible processor for machines without keys and for tests. Never in production.
//!
//! [`start`] runs it inside this process; the `stripe-sandbox` binary runs it alone. It speaks the part of Stripe's
//! HTTP API that the suite uses, keeps its own book to compare with, delivers signed webhooks, and fails on command.

#![recursion_limit = "256"]

mod admin;
mod api;
mod auth;
mod book;
mod config;
mod connect;
mod connection;
mod error;
mod faults;
mod form;
mod idempotency;
mod journal;
mod metadata;
mod page;
mod params;
mod payouts;
mod request_log;
mod sandbox;
mod seeded;
mod server;
mod shape;
mod trouble;
mod webhooks;
mod work;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

pub use config::{Config, Webhook};
pub use webhooks::sign::sign;

use sandbox::Sandbox;

/// How long a stop waits for answers under way before it cuts them.
const DRAIN: Duration = Duration::from_secs(3);

/// Why the sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is not loopback and `allow_remote` is off.
    #[error(
        "{0} is reachable from other machines; the sandbox listens there only with --allow-remote"
    )]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where it should listen.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The data file cannot be read or written.
    #[error("data file: {0}")]
    Data(#[from] journal::JournalError),
    /// The HTTP client for webhooks cannot be made.
    #[error("webhook client: {0}")]
    Client(#[from] reqwest::Error),
    /// The webhook endpoint of the configuration is refused.
    #[error("webhook endpoint {0} is refused")]
    Webhook(String),
}

/// A running sandbox. Dropping it stops it at once; [`Running::shutdown`] lets answers under way finish.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl Running {
    /// `http://host:port`, with no slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops listening, finishes the answers under way (at most 3 s) and ends the background work.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(DRAIN, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }

    /// Waits until it ends by itself, which it does only when its socket fails.
    pub async fn ended(&mut self) {
        let _ = (&mut self.server).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        self.server.abort();
    }
}

/// Starts the sandbox on the configured address (port 0 takes a free one) and returns when it accepts requests.
///
/// # Errors
/// When the address or the data file cannot be used, see [`StartError`].
pub async fn start(config: Config) -> Result<Running, StartError> {
    if !config.allow_remote && !config.listen.ip().is_loopback() {
        return Err(StartError::NotLoopback(config.listen));
    }
    let address = config.listen;
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })?;
    let addr = listener
        .local_addr()
        .map_err(|source| StartError::Listen { address, source })?;
    let client = reqwest::Client::builder()
        .timeout(config.webhook_timeout)
        .no_proxy()
        .build()?;
    let stop = CancellationToken::new();
    let webhook = config.webhook.clone();
    let sandbox = Arc::new(Sandbox::open(config, addr, stop.clone())?);
    if let Some(webhook) = webhook {
        sandbox
            .ensure_endpoint(&webhook)
            .map_err(|_| StartError::Webhook(webhook.url))?;
    }
    let server = tokio::spawn(run(sandbox, listener, client));
    Ok(Running { addr, stop, server })
}

async fn run(sandbox: Arc<Sandbox>, listener: tokio::net::TcpListener, client: reqwest::Client) {
    let mut background = JoinSet::new();
    background.spawn(webhooks::deliver::run(sandbox.clone(), client));
    background.spawn(sandbox::settle_on_time(sandbox.clone()));
    if let Err(error) = server::serve(sandbox, listener).await {
        tracing::error!(%error, "the sandbox stopped serving");
    }
}
