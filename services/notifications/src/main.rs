//! notifications as a process of its own.

use anyhow::Context as _;
use clap::Parser;
use notifications::{Config, run};

#[derive(Parser)]
#[command(name = "notifications", version, about = "E-mails of Evenkeel")]
struct Arguments {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    telemetry: telemetry::TelemetryConfig,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let _telemetry = telemetry::init("notifications", &arguments.telemetry)?;
    let shutdown = async {
        if let Err(error) = rpc::terminated().await {
            tracing::error!(%error, "signals cannot be heard");
        }
    };
    run(arguments.config, clock::Clock::system(), shutdown)
        .await
        .context("notifications ended")
}
