//! Logs, traces and metrics of one process, set up by one call.
//!
//! The process is the unit: the all-in-one runs five services and calls [`init`] once, with its own name. What
//! belongs to one service says so itself, by the `service` field of its request spans and the `service` label of
//! its metrics.

mod logs;
mod metrics;
mod redact;
mod traces;

pub use logs::Format;
pub use metrics::{CONTENT_TYPE, encode, register};
pub use prometheus_client;
pub use redact::{CARD_NUMBER_MASK, redacted};

use anyhow::Context as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What an operator may choose.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct TelemetryConfig {
    /// What is logged, in the syntax of `RUST_LOG`: `info`, `warn,billing=debug`.
    #[arg(long = "log", env = "EVENKEEL_LOG", default_value = "info")]
    pub filter: String,
    /// How a log line looks.
    #[arg(long = "log-format", env = "EVENKEEL_LOG_FORMAT", value_enum, default_value_t = Format::Auto)]
    pub format: Format,
    /// Where traces go by OTLP over gRPC, `http://collector:4317`; without it none are made.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
    /// The part of the traces begun here that is kept, 0.0 to 1.0. A trace begun by a caller follows the caller.
    #[arg(long, env = "EVENKEEL_TRACE_RATIO", default_value_t = 1.0)]
    pub sample_ratio: f64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: Format::Auto,
            otlp_endpoint: None,
            sample_ratio: 1.0,
        }
    }
}

/// Keeps the exporter running. Dropping it sends the spans that still wait, so `main` holds it until the end.
#[derive(Debug)]
#[must_use = "spans that still wait are lost when the guard is dropped at once"]
pub struct Guard {
    traces: Option<SdkTracerProvider>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(traces) = self.traces.take()
            && let Err(error) = traces.shutdown()
        {
            eprintln!("telemetry: the last spans were not sent: {error}");
        }
    }
}

/// Starts logging, and tracing when an endpoint is set. `service` names the process in its traces.
///
/// Call it inside the tokio runtime. In a process that has it already (a test binary) the first call stands and a
/// later one changes nothing.
///
/// # Errors
/// A filter that does not parse, or an OTLP endpoint that is no URL.
pub fn init(service: &str, config: &TelemetryConfig) -> anyhow::Result<Guard> {
    let traces = config
        .otlp_endpoint
        .as_deref()
        .map(|endpoint| traces::provider(service, endpoint, config.sample_ratio))
        .transpose()
        .context("OTLP endpoint")?;
    traces::pass_on_context();
    let logs = logs::layer(config).context("log filter")?;
    let installed = tracing_subscriber::registry()
        .with(traces.as_ref().map(traces::layer))
        .with(logs)
        .try_init();
    match installed {
        Ok(()) => Ok(Guard { traces }),
        Err(_already_there) => Ok(Guard { traces: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::{TelemetryConfig, init};

    #[test]
    fn a_second_init_in_the_process_changes_nothing() {
        let config = TelemetryConfig::default();
        let _first = init("evenkeel", &config).expect("a good filter");
        let _second = init("evenkeel", &config).expect("no quarrel");
    }

    #[test]
    fn a_filter_that_does_not_parse_is_an_error() {
        let config = TelemetryConfig {
            filter: "billing=loud".to_owned(),
            ..TelemetryConfig::default()
        };
        assert!(init("evenkeel", &config).is_err());
    }
}
