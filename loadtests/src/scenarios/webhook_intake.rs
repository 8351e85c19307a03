//! Webhook intake: signed events a second, as gRPC like the gateway sends them, and as HTTP through the gateway, against
//! pgbench inserting the same row in a transaction each.

use crate::baseline::{Baseline, Work};
use crate::curve::{Latencies, Summary};
use crate::frame::{Frame, until_stopped};
use crate::stage::{Stage, StageOptions};
use crate::webhook::{Door, Sender};
use crate::{progress, webhook};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use clock::Clock;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Before each phase, unmeasured.
const WARM_UP: Duration = Duration::from_secs(2);

/// What may be chosen.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where programs and data are.
    #[command(flatten)]
    pub stage: StageOptions,
    /// Numbers of callers, one after the other.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64], value_parser = clap::value_parser!(u32).range(1..=256))]
    pub callers: Vec<u32>,
    /// Length of each phase.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// The program pgbench.
    #[arg(long, default_value = "pgbench")]
    pub pgbench: PathBuf,
    /// Folder for JSON.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/results"))]
    pub results: PathBuf,
}

#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    frame: Frame,
    phase_seconds: u64,
    steps: Vec<Step>,
    /// Events that were acknowledged, and events that are kept.
    acknowledged: u64,
    kept: u64,
}

#[derive(Debug, Serialize)]
struct Step {
    callers: u32,
    baseline_events_per_second: f64,
    /// As gRPC, straight to payments.
    grpc: Taken,
    /// As HTTP, through the gateway.
    gateway: Taken,
}

#[derive(Debug, Serialize)]
struct Taken {
    events_per_second: f64,
    latency: Summary,
    failures: BTreeMap<String, u64>,
}

/// Measures and tells.
///
/// # Errors
/// Something cannot be measured, or an acknowledged event is not kept.
pub async fn run(options: &Options, stage: &Stage, clock: &Clock) -> Result<()> {
    let report = until_stopped(measure(options, stage, clock)).await?;
    let told = (&report, table(&report));
    report
        .frame
        .tell(&options.results, "webhook-intake", told)?;
    // One whose answer was lost may be kept without having been acknowledged.
    if report.kept < report.acknowledged {
        bail!(
            "{} events were acknowledged, {} are kept",
            report.acknowledged,
            report.kept
        );
    }
    Ok(())
}

async fn measure(options: &Options, stage: &Stage, clock: &Clock) -> Result<Report> {
    let frame = Frame::begin(&stage.database_url, clock).await?;
    let sender = Arc::new(Sender::new(stage, clock.clone()).await?);
    let prepared = Baseline::prepare(&options.pgbench, &stage.database_url, 1, clock);
    let mut baseline = progress::timed("baseline: database", WARM_UP, prepared).await?;
    let length = Duration::from_secs(options.seconds);
    let (mut steps, mut acknowledged) = (Vec::new(), 0);
    for callers in options.callers.iter().copied() {
        let title = |phase: &str| format!("{callers} callers: {phase}");
        let both = WARM_UP + length;
        let baseline_events_per_second = progress::timed(&title("pgbench"), both, async {
            baseline.run(Work::ReceiveWebhook, callers, WARM_UP).await?;
            baseline.run(Work::ReceiveWebhook, callers, length).await
        })
        .await?;
        let mut taken = Vec::new();
        for (door, phase) in [(Door::Payments, "gRPC"), (Door::Gateway, "gateway")] {
            let (warm_up, measured) = progress::timed(&title(phase), both, async {
                let warm_up = send(&sender, door, callers, WARM_UP).await?;
                anyhow::Ok((warm_up, send(&sender, door, callers, length).await?))
            })
            .await?;
            acknowledged += warm_up.latency.count + measured.latency.count;
            taken.push(measured);
        }
        let gateway = taken.pop().context("two doors")?;
        let grpc = taken.pop().context("two doors")?;
        steps.push(Step {
            callers,
            baseline_events_per_second,
            grpc,
            gateway,
        });
    }
    baseline.remove().await?;
    Ok(Report {
        frame,
        phase_seconds: options.seconds,
        steps,
        acknowledged,
        kept: webhook::kept(&stage.database_url).await?,
    })
}

/// Lets `callers` deliver for `length`, each its next event when the last is answered.
async fn send(sender: &Arc<Sender>, door: Door, callers: u32, length: Duration) -> Result<Taken> {
    let failures = BTreeMap::<String, u64>::new();
    let outcomes = Arc::new(Mutex::new((Latencies::new()?, failures)));
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let (sender, outcomes) = (Arc::clone(sender), Arc::clone(&outcomes));
        tasks.spawn(async move {
            let connection = usize::try_from(caller).unwrap_or(0);
            while begin.elapsed() < length {
                let sent = Instant::now();
                let outcome = sender.deliver(door, connection).await;
                let latency = sent.elapsed();
                let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                match outcome {
                    Ok(()) => outcomes.0.record(latency),
                    Err(reason) => *outcomes.1.entry(reason).or_default() += 1,
                }
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    let elapsed = begin.elapsed();
    let outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
    let latency = outcomes.0.summary();
    Ok(Taken {
        events_per_second: latency.count as f64 / elapsed.as_secs_f64(),
        latency,
        failures: outcomes.1.clone(),
    })
}

fn table(report: &Report) -> String {
    let mut text = format!(
        "\n  Webhook intake: {} processors, {} s a phase, Postgres {} (fsync {}, synchronous_commit {})\n\n  \
         callers  pgbench/s   gRPC/s  ratio  p50 ms  p99 ms  gateway/s  ratio  p50 ms  p99 ms  failed\n",
        report.frame.processors,
        report.phase_seconds,
        report.frame.server.version,
        report.frame.server.fsync,
        report.frame.server.synchronous_commit,
    );
    for step in &report.steps {
        let baseline = step.baseline_events_per_second;
        let door = |taken: &Taken| {
            format!(
                "{:>5.2}  {:>6.1}  {:>6.1}",
                taken.events_per_second / baseline,
                taken.latency.p50_ms,
                taken.latency.p99_ms
            )
        };
        let both = [&step.grpc, &step.gateway];
        let failed: u64 = both.iter().flat_map(|taken| taken.failures.values()).sum();
        text += &format!(
            "  {:>7}  {baseline:>9.0}  {:>7.0}  {}  {:>9.0}  {}  {failed:>6}\n",
            step.callers,
            step.grpc.events_per_second,
            door(&step.grpc),
            step.gateway.events_per_second,
            door(&step.gateway),
        );
        for (reason, count) in both.iter().flat_map(|taken| &taken.failures) {
            text += &format!(
                "  {} callers: failed {count} times: {reason}\n",
                step.callers
            );
        }
    }
    text += &format!(
        "\n  {} events acknowledged, {} kept\n",
        report.acknowledged, report.kept
    );
    text + report.frame.caveat()
}
