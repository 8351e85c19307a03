//! `evenkeel`: the suite on one machine, and the command line for people.

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use clock::Clock;
use evenkeel::{command, feed, import, up, verify};

#[derive(Parser)]
#[command(
    name = "evenkeel",
    version,
    about = "Billing for therapy practices: the whole suite on one machine"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    telemetry: telemetry::TelemetryConfig,
}

#[derive(Subcommand)]
enum Command {
    /// Run the suite until Ctrl-C.
    Up(Box<up::Options>),
    /// Do the main job on the demo data, from outside, and check every figure; starts the suite when it is not up.
    Demo(Box<command::DemoOptions>),
    /// Bring the five schemas of DATABASE_URL to this version.
    Migrate(command::MigrateOptions),
    /// Bring a practice from its former system: CSV files are checked, shown, taken, taken back.
    Import(Box<import::ImportOptions>),
    /// Look after events that a service could not apply.
    Feed(feed::FeedOptions),
    /// Check the invariants of every service, practice by practice, and that the services agree.
    Verify(verify::VerifyOptions),
    /// Print the gateway's configuration.
    Gateway(GatewayArguments),
}

#[derive(Args)]
struct GatewayArguments {
    #[command(flatten)]
    options: command::GatewayOptions,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = Arguments::parse();
    if matches!(arguments.command, Command::Demo(_)) && arguments.telemetry.filter == "info" {
        // The progress bar has the terminal.
        arguments.telemetry.filter = "error".to_owned();
    }
    let _telemetry = telemetry::init("evenkeel", &arguments.telemetry)?;
    let clock = Clock::system();
    match arguments.command {
        Command::Up(options) => command::up(*options, clock).await.context("up"),
        Command::Demo(options) => command::demo(*options, clock).await.context("demo"),
        Command::Migrate(options) => command::migrate(&options, &clock).await.context("migrate"),
        Command::Import(options) => import::import(&options, clock).await.context("import"),
        Command::Feed(options) => feed::feed(&options).await.context("feed"),
        Command::Verify(options) => verify::verify(&options, &clock).await.context("verify"),
        Command::Gateway(arguments) => command::gateway(&arguments.options),
    }
}
