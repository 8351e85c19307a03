//! portal-auth as a process of its own.

use anyhow::Context as _;
use clap::Parser;
use portal_auth::{Config, run};

#[derive(Parser)]
#[command(
    name = "portal-auth",
    version,
    about = "Sign-in, tokens and access codes of Evenkeel"
)]
struct Arguments {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    telemetry: telemetry::TelemetryConfig,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let _telemetry = telemetry::init("portal-auth", &arguments.telemetry)?;
    let shutdown = async {
        if let Err(error) = rpc::terminated().await {
            tracing::error!(%error, "signals cannot be heard");
        }
    };
    run(arguments.config, clock::Clock::system(), shutdown)
        .await
        .context("portal-auth ended")
}
