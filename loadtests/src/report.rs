//! What is told: a table on the terminal, JSON for programs, a plot for people.

use crate::audit::Findings;
use crate::curve::Summary;
use crate::frame::Frame;
use crate::plot;
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A run of the scenario.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Where and when.
    #[serde(flatten)]
    pub frame: Frame,
    /// Practices that were paid.
    pub practices: u32,
    /// Length of each phase.
    pub phase_seconds: u64,
    /// What the ratio must be at least.
    pub required_ratio: f64,
    /// One for each number of callers.
    pub steps: Vec<Step>,
}

/// What so many callers got done.
#[derive(Debug, Serialize)]
pub struct Step {
    /// Callers, and clients of pgbench.
    pub callers: u32,
    /// pgbench: both transactions a payment.
    pub baseline_payments_per_second: f64,
    /// Through gRPC, closed model.
    pub payments_per_second: f64,
    /// The one by the other.
    pub ratio: f64,
    /// Latencies of the closed model.
    pub closed_latency: Summary,
    /// Arrivals of the open model.
    pub open_rate_per_second: f64,
    /// Latencies of the open model, from when a request was due.
    pub open_latency: Summary,
    /// Failures of both models by reason.
    pub failures: BTreeMap<String, u64>,
    /// The audit after both.
    pub audit: Findings,
}

const COLUMNS: [&str; 10] = [
    "callers",
    "pgbench/s",
    "gRPC/s",
    "ratio",
    "open at/s",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "max ms",
    "failed",
];

/// The table and what has to be said with it.
pub fn table(report: &Report) -> String {
    let rows: Vec<Vec<String>> = report.steps.iter().map(row).collect();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(String::len);
        cells
            .chain(COLUMNS.get(at).map(|column| column.len()))
            .max()
            .unwrap_or_default()
    };
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells
            .enumerate()
            .map(|(at, cell)| format!("{cell:>0$}", width(at)))
            .collect();
        format!("  {}\n", padded.join("  "))
    };
    let mut text = format!(
        "\n  Record payments: {} practice(s), {} processors, {} s a phase, Postgres {} (fsync {}, synchronous_commit {})\n\n",
        report.practices,
        report.frame.processors,
        report.phase_seconds,
        report.frame.server.version,
        report.frame.server.fsync,
        report.frame.server.synchronous_commit,
    );
    text += &line(&mut COLUMNS.into_iter());
    for row in &rows {
        text += &line(&mut row.iter().map(String::as_str));
    }
    text.push('\n');
    for step in &report.steps {
        text += &remarks(step, report.required_ratio);
    }
    text += report.frame.caveat();
    text
}

fn row(step: &Step) -> Vec<String> {
    let failed: u64 = step.failures.values().sum();
    let latency = &step.open_latency;
    let milliseconds = [
        latency.p50_ms,
        latency.p99_ms,
        latency.p999_ms,
        latency.max_ms,
    ];
    let mut cells = vec![
        step.callers.to_string(),
        format!("{:.0}", step.baseline_payments_per_second),
        format!("{:.0}", step.payments_per_second),
        format!("{:.2}", step.ratio),
        format!("{:.0}", step.open_rate_per_second),
    ];
    cells.extend(milliseconds.map(|value| format!("{value:.1}")));
    cells.push(failed.to_string());
    cells
}

fn remarks(step: &Step, required_ratio: f64) -> String {
    let (verdict, audit) = (
        if step.ratio >= required_ratio {
            "reached"
        } else {
            "missed"
        },
        &step.audit,
    );
    let mut text = format!(
        "  {} callers: ratio {:.2} of the {required_ratio:.2} it must be: {verdict}. {} payments acknowledged, {} \
         recorded, {} transfers verified{}.\n",
        step.callers,
        step.ratio,
        audit.acknowledged,
        audit.payments,
        audit.transfers,
        if audit.differences.is_empty() {
            ", no difference"
        } else {
            ", DIFFERENCES"
        },
    );
    for (reason, count) in &step.failures {
        text += &format!("    failed {count} times: {reason}\n");
    }
    if audit.settled_by_repeat > 0 {
        text += &format!(
            "    {} unknown outcomes were settled by repeating the request\n",
            audit.settled_by_repeat
        );
    }
    for difference in &audit.differences {
        text += &format!("    {difference}\n");
    }
    text
}

/// Writes JSON and plot, and answers where.
///
/// # Errors
/// The folder cannot be written.
pub fn write(report: &Report, folder: &Path) -> Result<Vec<PathBuf>> {
    let file = |extension| report.frame.file(folder, "record-payments", extension);
    let (json, svg) = (file("json")?, file("svg")?);
    fs::write(&json, serde_json::to_vec_pretty(report)?)?;
    fs::write(&svg, plot::svg(report))?;
    Ok(vec![json, svg])
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::curve::Latencies;
    use std::time::Duration;

    pub fn report() -> Report {
        let mut latencies = Latencies::new().expect("bounds");
        for milliseconds in 1..=100 {
            latencies.record(Duration::from_millis(milliseconds));
        }
        let step = |callers, ratio: f64| Step {
            callers,
            baseline_payments_per_second: 1_000.0,
            payments_per_second: 1_000.0 * ratio,
            ratio,
            closed_latency: latencies.summary(),
            open_rate_per_second: 600.0 * ratio,
            open_latency: latencies.summary(),
            failures: BTreeMap::new(),
            audit: Findings {
                payments: 100,
                acknowledged: 100,
                ..Findings::default()
            },
        };
        let mut slow = step(64, 0.5);
        slow.failures.insert("OVERLOADED".to_owned(), 3);
        slow.audit
            .differences
            .push("prac_1: debits and credits differ".to_owned());
        Report {
            frame: Frame::example(false),
            practices: 1,
            phase_seconds: 10,
            required_ratio: 0.7,
            steps: vec![step(16, 0.9), slow],
        }
    }

    #[test]
    fn the_table_says_ratio_percentiles_and_verdict() {
        let text = table(&report());
        assert!(text.contains("16       1000     900   0.90"), "{text}");
        assert!(
            text.contains("16 callers: ratio 0.90 of the 0.70 it must be: reached"),
            "{text}"
        );
        assert!(
            text.contains("64 callers: ratio 0.50 of the 0.70 it must be: missed"),
            "{text}"
        );
    }

    #[test]
    fn failures_and_differences_are_named() {
        let text = table(&report());
        assert!(text.contains("failed 3 times: OVERLOADED"), "{text}");
        assert!(text.contains("prac_1: debits and credits differ"), "{text}");
        assert!(text.contains("debug build"), "{text}");
    }

    #[test]
    fn json_and_plot_are_written_under_the_time_of_the_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = write(&report(), folder.path()).expect("written");
        let json = paths.first().expect("json");
        assert!(
            json.ends_with("record-payments-2026-11-24T06-00-00Z.json"),
            "{}",
            json.display()
        );
        let read: serde_json::Value =
            serde_json::from_slice(&fs::read(json).expect("read")).expect("json");
        assert_eq!(read["steps"][0]["callers"], 16);
    }
}
