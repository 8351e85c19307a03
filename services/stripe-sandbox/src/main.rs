//! The sandbox as a program of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clock::Clock;
use stripe_sandbox::{Config, Webhook, start};

/// A Stripe-compatible processor for development and tests. It keeps its own book and moves no money.
#[derive(Debug, Parser)]
#[command(name = "stripe-sandbox", version)]
struct Flags {
    /// Where to listen.
    #[arg(long, env = "STRIPE_SANDBOX_LISTEN", default_value = "127.0.0.1:12111")]
    listen: SocketAddr,
    /// Listen on an address that other machines can reach.
    #[arg(long)]
    allow_remote: bool,
    /// The key that clients must send.
    #[arg(
        long,
        env = "STRIPE_SANDBOX_KEY",
        default_value = "sk_test_sandbox",
        hide_env_values = true
    )]
    secret_key: String,
    /// Keep the book in this file between runs.
    #[arg(long, env = "STRIPE_SANDBOX_DATA")]
    data: Option<PathBuf>,
    /// Register this webhook endpoint at the start.
    #[arg(long, env = "STRIPE_SANDBOX_WEBHOOK_URL", requires = "webhook_secret")]
    webhook_url: Option<String>,
    /// The secret that signs webhooks to it.
    #[arg(long, env = "STRIPE_SANDBOX_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: Option<String>,
    /// Seconds that bank debits and slow refunds take.
    #[arg(long, default_value_t = 3)]
    settle_after_seconds: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let flags = Flags::parse();
    let config = Config {
        listen: flags.listen,
        allow_remote: flags.allow_remote,
        secret_key: flags.secret_key,
        data: flags.data,
        webhook: flags
            .webhook_url
            .zip(flags.webhook_secret)
            .map(|(url, secret)| Webhook { url, secret }),
        settle_after: Some(Duration::from_secs(flags.settle_after_seconds)),
        ..Config::new(Clock::system())
    };
    let mut running = match start(config).await {
        Ok(running) => running,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            return ExitCode::FAILURE;
        }
    };
    tracing::info!(
        "listening on {0}; what happens is shown at {0}/_sandbox/",
        running.url()
    );
    tokio::select! {
        () = stopped() => running.shutdown().await,
        () = running.ended() => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

/// Ctrl-C or SIGTERM.
async fn stopped() {
    let interrupted = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        },
        Err(_) => {
            let _ = interrupted.await;
        }
    }
}
