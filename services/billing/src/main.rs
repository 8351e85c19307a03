//! billing as a process of its own.

use anyhow::Context as _;
use billing::{Config, run};
use clap::Parser;

#[derive(Parser)]
#[command(
    name = "billing",
    version,
    about = "Sessions, bills and books of Evenkeel"
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
    let _telemetry = telemetry::init("billing", &arguments.telemetry)?;
    let shutdown = async {
        if let Err(error) = rpc::terminated().await {
            tracing::error!(%error, "signals cannot be heard");
        }
    };
    run(arguments.config, clock::Clock::system(), shutdown)
        .await
        .context("billing ended")
}
