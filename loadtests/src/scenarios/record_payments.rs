//! Record payments. For each number of callers: pgbench, then the closed model, then the open model, then the audit.

use crate::arrival::Schedule;
use crate::audit::{self, Auditor};
use crate::baseline::{Baseline, Work};
use crate::frame::{Frame, until_stopped};
use crate::payer::Payer;
use crate::report::{self, Report, Step};
use crate::stage::{Stage, StageOptions};
use crate::tally::Tally;
use crate::{closed, open, progress, seed};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use clock::Clock;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tonic::Status;

/// Below it the services waste what the database can do.
const REQUIRED_RATIO: f64 = 0.7;
/// The open model's part of what the closed one got through.
const OPEN_PART: f64 = 0.6;
/// Before each phase, unmeasured: connections, caches, plans.
const WARM_UP: Duration = Duration::from_secs(2);

/// What may be chosen.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where programs and data are.
    #[command(flatten)]
    pub stage: StageOptions,
    /// Numbers of callers, one after the other.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256], value_parser = clap::value_parser!(u32).range(1..=256))]
    pub callers: Vec<u32>,
    /// Length of each phase.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Arrivals a second of the open model, instead of 60 % of what the closed model got through.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub rate: Option<u32>,
    /// Practices that are paid. The events of one practice are numbered one commit after the other, in the services and
    /// in the baseline, so one busy practice is limited by the disk; many are limited by the processors.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub practices: u32,
    /// The program pgbench.
    #[arg(long, default_value = "pgbench")]
    pub pgbench: PathBuf,
    /// Folder for JSON and plot.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/results"))]
    pub results: PathBuf,
}

/// Measures and tells.
///
/// # Errors
/// Something cannot be measured, or the audit finds a difference.
pub async fn run(options: &Options, stage: &Stage, clock: &Clock) -> Result<()> {
    let report = until_stopped(measure(options, stage, clock)).await?;
    println!("{}", report::table(&report));
    for path in report::write(&report, &options.results)? {
        println!("  {}", path.display());
    }
    if report
        .steps
        .iter()
        .any(|step| !step.audit.differences.is_empty())
    {
        bail!("the books are not what was acknowledged");
    }
    Ok(())
}

async fn measure(options: &Options, stage: &Stage, clock: &Clock) -> Result<Report> {
    let frame = Frame::begin(&stage.database_url, clock).await?;
    let practices = seed::practices(stage, options.practices, clock).await?;
    let payer = Payer::new(&stage.suite.ports.url("payments"), practices, clock.clone()).await?;
    let prepared = Baseline::prepare(
        &options.pgbench,
        &stage.database_url,
        options.practices,
        clock,
    );
    let mut course = Course {
        length: Duration::from_secs(options.seconds),
        rate: options.rate,
        acknowledged: first_payments(&payer).await?,
        payer: Arc::new(payer),
        auditor: Auditor::new(stage).await?,
        baseline: progress::timed("baseline: database", WARM_UP, prepared).await?,
    };
    stage.analyze().await?;
    let mut steps = Vec::new();
    for callers in options.callers.iter().copied() {
        let step = course
            .step(callers)
            .await
            .with_context(|| format!("{callers} callers"))?;
        println!(
            "  {callers:>3} callers: pgbench {:.0}/s, gRPC {:.0}/s, ratio {:.2}",
            step.baseline_payments_per_second, step.payments_per_second, step.ratio
        );
        steps.push(step);
    }
    course.baseline.remove().await?;
    Ok(Report {
        frame,
        practices: options.practices,
        phase_seconds: options.seconds,
        required_ratio: REQUIRED_RATIO,
        steps,
    })
}

/// One payment for each practice, when payments has heard of it; answers what was acknowledged, by place.
async fn first_payments(payer: &Payer) -> Result<Vec<u64>> {
    for practice in 0..payer.practices().len() {
        let asked = payer.ask_of(practice);
        let paid = seed::patiently(|| async {
            // Repeated whatever it was: the first payment has nothing to hide behind.
            payer
                .pay(&asked, 0)
                .await
                .map_err(|refusal| Status::unavailable(refusal.reason))
        });
        paid.await.context("the first payment")?;
    }
    Ok(vec![1; payer.practices().len()])
}

struct Course {
    payer: Arc<Payer>,
    auditor: Auditor,
    baseline: Baseline,
    length: Duration,
    rate: Option<u32>,
    /// Of all phases so far, by the place of the practice.
    acknowledged: Vec<u64>,
}

impl Course {
    async fn step(&mut self, callers: u32) -> Result<Step> {
        let title = |phase: &str| format!("{callers} callers: {phase}");
        let both = WARM_UP + self.length;
        let baseline_payments_per_second = progress::timed(&title("pgbench"), both, async {
            self.baseline
                .run(Work::RecordPayment, callers, WARM_UP)
                .await?;
            self.baseline
                .run(Work::RecordPayment, callers, self.length)
                .await
        })
        .await?;

        let (warm_up, closed) = progress::timed(&title("closed model"), both, async {
            let warm_up = closed::run(&self.payer, callers, WARM_UP).await?;
            let measured = closed::run(&self.payer, callers, self.length).await?;
            anyhow::Ok((warm_up.tally, measured))
        })
        .await?;

        let open_rate_per_second = self
            .rate
            .map_or(closed.payments_per_second * OPEN_PART, f64::from);
        let schedule = Schedule::new(open_rate_per_second, self.length);
        let open = progress::timed(
            &title("open model"),
            self.length,
            open::run(&self.payer, schedule),
        )
        .await?;

        let (closed_latency, open_latency) =
            (closed.tally.latencies.summary(), open.latencies.summary());
        let mut failures = BTreeMap::new();
        let mut settled_by_repeat = 0;
        for tally in [warm_up, closed.tally, open] {
            settled_by_repeat += self.take_in(&tally, &mut failures).await?;
        }
        let audit = self.auditor.audit(&self.payer, &self.acknowledged);
        let mut audit = progress::timed(&title("audit"), WARM_UP, audit).await?;
        audit.settled_by_repeat = settled_by_repeat;
        Ok(Step {
            callers,
            baseline_payments_per_second,
            payments_per_second: closed.payments_per_second,
            ratio: closed.payments_per_second / baseline_payments_per_second,
            closed_latency,
            open_rate_per_second,
            open_latency,
            failures,
            audit,
        })
    }

    /// Adds what a phase got acknowledged, settles what it left unknown, and answers how much that was.
    async fn take_in(
        &mut self,
        tally: &Tally,
        failures: &mut BTreeMap<String, u64>,
    ) -> Result<u64> {
        for (all, more) in self.acknowledged.iter_mut().zip(&tally.acknowledged) {
            *all += more;
        }
        for (reason, count) in &tally.failures {
            *failures.entry(reason.clone()).or_default() += count;
        }
        audit::settle(&self.payer, &tally.unsettled, &mut self.acknowledged).await
    }
}
