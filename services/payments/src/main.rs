//! payments as a process of its own.

use anyhow::Context as _;
use clap::Parser;
use payments::{Config, run};

#[derive(Parser)]
#[command(
    name = "payments",
    version,
    about = "Payments, refunds and the card processor of Evenkeel"
)]
struct Arguments {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    telemetry: telemetry::TelemetryConfig,
    /// Dies at this place; for tests of what happens after.
    #[cfg(debug_assertions)]
    #[arg(long, env = "PAYMENTS_CRASH_AT", hide = true)]
    crash_at: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let _telemetry = telemetry::init("payments", &arguments.telemetry)?;
    #[cfg(debug_assertions)]
    if let Some(place) = arguments.crash_at {
        payments::crash::arm(place);
    }
    let shutdown = async {
        if let Err(error) = rpc::terminated().await {
            tracing::error!(%error, "signals cannot be heard");
        }
    };
    run(arguments.config, clock::Clock::system(), shutdown)
        .await
        .context("payments ended")
}
