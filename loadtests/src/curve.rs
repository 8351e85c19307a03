//! How long things took: a histogram and what is said of it.

use hdrhistogram::Histogram;
use serde::Serialize;
use std::time::Duration;

/// Three digits are kept of every latency up to this; longer ones count as this.
const LONGEST_US: u64 = 120_000_000;
const DIGITS: u8 = 3;

/// What is printed and drawn.
pub const PERCENTILES: [f64; 6] = [50.0, 75.0, 90.0, 99.0, 99.9, 99.99];

/// Latencies.
#[derive(Debug, Clone)]
pub struct Latencies(Histogram<u64>);

/// A summary, in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// How many were measured.
    pub count: u64,
    /// Half took no longer.
    pub p50_ms: f64,
    /// 99 of 100 took no longer.
    pub p99_ms: f64,
    /// 999 of 1,000 took no longer.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// Percentile and milliseconds, for the plot.
    pub curve: Vec<(f64, f64)>,
}

impl Latencies {
    /// None yet.
    ///
    /// # Errors
    /// Bounds that no histogram can have.
    pub fn new() -> Result<Self, hdrhistogram::CreationError> {
        Histogram::new_with_bounds(1, LONGEST_US, DIGITS).map(Self)
    }

    /// One more.
    pub fn record(&mut self, latency: Duration) {
        let latency_us = u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US);
        self.0.saturating_record(latency_us.clamp(1, LONGEST_US));
    }

    /// What is said of them; all 0 when there are none.
    pub fn summary(&self) -> Summary {
        let at = |percentile| milliseconds(self.0.value_at_percentile(percentile));
        Summary {
            count: self.0.len(),
            p50_ms: at(50.0),
            p99_ms: at(99.0),
            p999_ms: at(99.9),
            max_ms: milliseconds(self.0.max()),
            curve: PERCENTILES
                .iter()
                .map(|percentile| (*percentile, at(*percentile)))
                .collect(),
        }
    }
}

fn milliseconds(latency_us: u64) -> f64 {
    latency_us as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() <= right * 0.002
    }

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let mut latencies = Latencies::new().expect("bounds");
        for milliseconds in 1..=1_000 {
            latencies.record(Duration::from_millis(milliseconds));
        }
        let summary = latencies.summary();
        assert_eq!(summary.count, 1_000);
        assert!(close(summary.p50_ms, 500.0), "{summary:?}");
        assert!(close(summary.p99_ms, 990.0), "{summary:?}");
        assert!(close(summary.p999_ms, 999.0), "{summary:?}");
        assert!(close(summary.max_ms, 1_000.0), "{summary:?}");
        assert_eq!(summary.curve.len(), PERCENTILES.len());
    }

    #[test]
    fn nothing_recorded_is_all_zero() {
        let summary = Latencies::new().expect("bounds").summary();
        assert_eq!(
            (summary.count, summary.p50_ms, summary.max_ms),
            (0, 0.0, 0.0)
        );
    }

    #[test]
    fn what_is_out_of_bounds_counts_as_the_bound() {
        let mut latencies = Latencies::new().expect("bounds");
        latencies.record(Duration::ZERO);
        latencies.record(Duration::from_secs(3_600));
        let summary = latencies.summary();
        assert_eq!(summary.count, 2);
        assert!(close(summary.max_ms, 120_000.0), "{summary:?}");
    }
}
