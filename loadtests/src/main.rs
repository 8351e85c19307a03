//! Load scenarios: each starts what it measures, measures a baseline beside it, and says the ratio. README.md says how
//! to run them and how to read them.

mod arrival;
mod audit;
mod baseline;
mod closed;
mod copy;
mod curve;
mod frame;
mod open;
mod payer;
mod plot;
mod progress;
mod report;
mod resident;
mod scenarios;
mod seed;
mod session;
mod stage;
mod tally;
mod webhook;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use clock::Clock;
use scenarios::{
    autopay_selection, bulk_sessions, documents, import_practice, memory, nightly_automation,
    record_payments, webhook_intake,
};
use telemetry::TelemetryConfig;
use tokio::runtime::{Builder, Runtime};

#[derive(Parser)]
#[command(
    name = "loadtests",
    version,
    about = "Load scenarios of Evenkeel, each with its baseline"
)]
struct Arguments {
    #[command(subcommand)]
    scenario: Scenario,
    /// What the services log, in the syntax of RUST_LOG.
    #[arg(long, global = true, default_value = "error")]
    log: String,
}

#[derive(Subcommand)]
enum Scenario {
    /// Record payments through gRPC, against pgbench with the same statements.
    RecordPayments(record_payments::Options),
    /// Record sessions in one stream, against COPY of the same rows.
    BulkSessions(bulk_sessions::Options),
    /// Bill 100,000 unbilled sessions of 500 practices in a night, against the same rows written set by set.
    NightlyAutomation(nightly_automation::Options),
    /// Have nights of AutoPay look at 1,000,000 open bills, against the same choice by hand.
    AutopaySelection(autopay_selection::Options),
    /// Download bills as PDF: what each takes of a processor, and whether memory stays flat.
    Documents(documents::Options),
    /// Take a practice's former books in and back, against COPY of their sessions.
    ImportPractice(import_practice::Options),
    /// Take in signed webhooks, as gRPC and through the gateway, against pgbench inserting the same row.
    WebhookIntake(webhook_intake::Options),
    /// Resident memory of each service at rest.
    Memory(memory::Options),
}

/// The services have a runtime of their own, so that those who measure do not wait in the queue of those measured.
fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let services = runtime("services").context("the services' threads")?;
    let load = runtime("load").context("the load generator's threads")?;
    let telemetry = TelemetryConfig {
        filter: arguments.log,
        ..TelemetryConfig::default()
    };
    let entered = services.enter();
    let _telemetry = telemetry::init("loadtests", &telemetry)?;
    drop(entered);
    let clock = Clock::system();
    match arguments.scenario {
        Scenario::RecordPayments(options) => {
            load.block_on(baseline::find(&options.pgbench))?;
            let stage = services.block_on(stage::Stage::start(&options.stage, &clock))?;
            let done = load.block_on(record_payments::run(&options, &stage, &clock));
            services.block_on(stage.stop())?;
            done
        }
        Scenario::BulkSessions(options) => {
            let stage = services.block_on(stage::Stage::start(&options.stage, &clock))?;
            let done = load.block_on(bulk_sessions::run(&options, &stage, &clock));
            services.block_on(stage.stop())?;
            done
        }
        Scenario::Documents(options) => {
            let stage = services.block_on(stage::Stage::start(&options.stage, &clock))?;
            let done = load.block_on(documents::run(&options, &stage, &clock));
            services.block_on(stage.stop())?;
            done
        }
        Scenario::ImportPractice(options) => {
            let stage = services.block_on(stage::Stage::start(&options.stage, &clock))?;
            let done = load.block_on(import_practice::run(&options, &stage, &clock));
            services.block_on(stage.stop())?;
            done
        }
        Scenario::WebhookIntake(options) => {
            load.block_on(baseline::find(&options.pgbench))?;
            let stage = services.block_on(stage::Stage::start(&options.stage, &clock))?;
            let done = load.block_on(webhook_intake::run(&options, &stage, &clock));
            services.block_on(stage.stop())?;
            done
        }
        Scenario::NightlyAutomation(options) => {
            load.block_on(nightly_automation::run(&options, &clock))
        }
        Scenario::AutopaySelection(options) => {
            load.block_on(autopay_selection::run(&options, &clock))
        }
        Scenario::Memory(options) => load.block_on(memory::run(&options, &clock)),
    }
}

fn runtime(name: &str) -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .thread_name(name)
        .enable_all()
        .build()
}
