//! Bills as PDF: how long each keeps a processor busy, and whether memory stays flat over thousands.

use crate::curve::Latencies;
use crate::frame::{Frame, until_stopped};
use crate::seed::{self, Seeded};
use crate::stage::{Stage, StageOptions};
use crate::{progress, resident};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use clock::Clock;
use futures::{StreamExt as _, TryStreamExt as _};
use proto::billing::v1::DownloadBillRequest;
use proto::billing::v1::document_service_client::DocumentServiceClient;
use serde::Serialize;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tonic::transport::Channel;

/// For how long a warm bill of one page may keep a processor busy.
const REQUIRED_MS: f64 = 20.0;
const AIM_MS: f64 = 5.0;
/// What the process may grow by between the first tenth of the documents and the last.
const GROWTH_MIB: f64 = 32.0;
const TIMEOUT: Duration = Duration::from_secs(30);
/// Unmeasured: fonts are read, layouts of what every document has are remembered.
const WARM_UP: usize = 50;
/// Lines of the bills of each phase: a usual one, and as many as a request may name.
const LINES: [usize; 2] = [4, 50];

/// What may be chosen.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where programs and data are.
    #[command(flatten)]
    pub stage: StageOptions,
    /// Documents of each phase.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub documents: u32,
    /// Folder for JSON.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/results"))]
    pub results: PathBuf,
}

#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    frame: Frame,
    documents: u32,
    required_ms: f64,
    phases: Vec<Phase>,
}

#[derive(Debug, Serialize)]
struct Phase {
    lines: usize,
    /// Of the first document.
    bytes: usize,
    per_second: f64,
    /// Time times processors, per document.
    processor_ms: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// The whole process, services and generator, after the first tenth, and at its most afterwards.
    early_mib: f64,
    most_mib: f64,
}

impl Phase {
    fn growth_mib(&self) -> f64 {
        self.most_mib - self.early_mib
    }
}

/// Measures and tells.
///
/// # Errors
/// A document is refused or is no PDF.
pub async fn run(options: &Options, stage: &Stage, clock: &Clock) -> Result<()> {
    let report = until_stopped(measure(options, stage, clock)).await?;
    let told = (&report, table(&report));
    report.frame.tell(&options.results, "documents", told)
}

async fn measure(options: &Options, stage: &Stage, clock: &Clock) -> Result<Report> {
    let frame = Frame::begin(&stage.database_url, clock).await?;
    let processors = frame.processors;
    let channel = seed::connect(&stage.suite.ports.url("billing")).await?;
    let mut phases = Vec::new();
    for lines in LINES {
        let practice = seed::practice(stage, lines, clock).await?;
        download(&channel, &practice, WARM_UP, processors).await?;
        let count = usize::try_from(options.documents)?;
        let downloaded = download(&channel, &practice, count, processors).await?;
        phases.push(phase(lines, processors, downloaded));
    }
    Ok(Report {
        frame,
        documents: options.documents,
        required_ms: REQUIRED_MS,
        phases,
    })
}

struct Downloaded {
    taken: Duration,
    latencies: Latencies,
    bytes: usize,
    early_kib: u64,
    most_kib: u64,
}

/// Downloads so many bills, one after the other from the list, as many at once as there are processors.
async fn download(
    channel: &Channel,
    practice: &Seeded,
    count: usize,
    processors: usize,
) -> Result<Downloaded> {
    let bar = progress::counted("bills as PDF", u64::try_from(count)?);
    let begun = Instant::now();
    let bills = practice.bills.iter().cycle().take(count);
    let mut pdfs = futures::stream::iter(bills)
        .map(|bill| one(channel, practice, &bill.bill_id))
        .buffer_unordered(processors);
    let mut downloaded = Downloaded {
        taken: Duration::ZERO,
        latencies: Latencies::new()?,
        bytes: 0,
        early_kib: 0,
        most_kib: 0,
    };
    let mut done = 0;
    while let Some((taken, bytes)) = pdfs.try_next().await? {
        bar.inc(1);
        done += 1;
        downloaded.latencies.record(taken);
        let resident_kib = resident::kib("self")?;
        if done <= count / 10 {
            downloaded.bytes = bytes;
            downloaded.early_kib = resident_kib.max(downloaded.early_kib);
        } else {
            downloaded.most_kib = resident_kib.max(downloaded.most_kib);
        }
    }
    downloaded.taken = begun.elapsed();
    bar.finish_and_clear();
    Ok(downloaded)
}

/// How long one took, and its size.
async fn one(channel: &Channel, practice: &Seeded, bill_id: &str) -> Result<(Duration, usize)> {
    let message = DownloadBillRequest {
        practice_id: practice.practice_id.clone(),
        bill_id: bill_id.to_owned(),
        ..DownloadBillRequest::default()
    };
    let begun = Instant::now();
    let answer = DocumentServiceClient::new(channel.clone())
        .download_bill(practice.owner.request(message, TIMEOUT))
        .await
        .context("a bill as PDF")?;
    let pdf = answer.into_inner().body.context("no document")?.data;
    if !pdf.starts_with(b"%PDF-") {
        bail!("{bill_id} came as {} bytes that are no PDF", pdf.len());
    }
    Ok((begun.elapsed(), pdf.len()))
}

fn phase(lines: usize, processors: usize, downloaded: Downloaded) -> Phase {
    let summary = downloaded.latencies.summary();
    let per_second = summary.count as f64 / downloaded.taken.as_secs_f64();
    let mib = |kib: u64| kib as f64 / 1_024.0;
    Phase {
        lines,
        bytes: downloaded.bytes,
        per_second,
        processor_ms: processors as f64 * 1_000.0 / per_second,
        p50_ms: summary.p50_ms,
        p99_ms: summary.p99_ms,
        early_mib: mib(downloaded.early_kib),
        most_mib: mib(downloaded.most_kib),
    }
}

fn table(report: &Report) -> String {
    let mut text = format!(
        "\n  Bills as PDF: {} of each size, {} processors\n\n  {:>5}  {:>6}  {:>6}  {:>12}  {:>6}  {:>6}  {:>9}  {:>8}\n",
        report.documents,
        report.frame.processors,
        "lines",
        "bytes",
        "PDF/s",
        "ms/processor",
        "p50 ms",
        "p99 ms",
        "early MiB",
        "most MiB",
    );
    for phase in &report.phases {
        text += &format!(
            "  {:>5}  {:>6}  {:>6.1}  {:>12.1}  {:>6.1}  {:>6.1}  {:>9.1}  {:>8.1}\n",
            phase.lines,
            phase.bytes,
            phase.per_second,
            phase.processor_ms,
            phase.p50_ms,
            phase.p99_ms,
            phase.early_mib,
            phase.most_mib,
        );
    }
    let usual = report
        .phases
        .first()
        .map_or(f64::INFINITY, |phase| phase.processor_ms);
    let growth = report
        .phases
        .iter()
        .map(Phase::growth_mib)
        .fold(0.0, f64::max);
    text += &format!(
        "\n  A usual bill takes {usual:.1} ms of a processor, of the {REQUIRED_MS:.0} it may (aim {AIM_MS:.0}): {}. Memory grew \
         by {growth:.1} MiB: {}.\n",
        if usual <= REQUIRED_MS {
            "reached"
        } else {
            "missed"
        },
        if growth <= GROWTH_MIB {
            "flat"
        } else {
            "NOT flat"
        },
    );
    text + report.frame.caveat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(processor_ms: f64, most_mib: f64) -> Report {
        Report {
            frame: Frame::example(true),
            documents: 1_000,
            required_ms: REQUIRED_MS,
            phases: vec![Phase {
                lines: 4,
                bytes: 30_000,
                per_second: 2_000.0 / processor_ms,
                processor_ms,
                p50_ms: 10.0,
                p99_ms: 20.0,
                early_mib: 100.0,
                most_mib,
            }],
        }
    }

    #[test]
    fn a_usual_bill_and_the_growth_are_the_verdict() {
        let text = table(&report(12.0, 110.0));
        assert!(
            text.contains("takes 12.0 ms of a processor, of the 20 it may (aim 5): reached"),
            "{text}"
        );
        assert!(text.contains("grew by 10.0 MiB: flat"), "{text}");
        let text = table(&report(21.0, 150.0));
        assert!(
            text.contains("missed") && text.contains("NOT flat"),
            "{text}"
        );
    }

    #[test]
    fn processors_at_work_count_each() {
        let mut latencies = Latencies::new().expect("bounds");
        for _ in 0..100 {
            latencies.record(Duration::from_millis(20));
        }
        let phase = phase(
            4,
            2,
            Downloaded {
                taken: Duration::from_secs(1),
                latencies,
                bytes: 1,
                early_kib: 1_024,
                most_kib: 2_048,
            },
        );
        assert!((phase.processor_ms - 20.0).abs() < 1e-9, "{phase:?}");
        assert!((phase.growth_mib() - 1.0).abs() < 1e-9, "{phase:?}");
    }
}
