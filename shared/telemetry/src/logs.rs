use crate::TelemetryConfig;
use crate::redact::Redacting;
use std::io::IsTerminal as _;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, ParseError, filter_fn};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, fmt};

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people when stderr is a terminal, JSON otherwise.
    #[default]
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Human,
}

/// Below `info` these write what goes over the wire, and that holds health data.
const LOUD: [&str; 8] = [
    "h2",
    "hyper",
    "hyper_util",
    "lettre",
    "reqwest",
    "sqlx",
    "stripe",
    "tonic",
];

fn never_bodies(metadata: &Metadata<'_>) -> bool {
    let source = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= Level::INFO || !LOUD.contains(&source)
}

/// The layer that writes to stderr what the filter lets through, without card numbers.
pub(crate) fn layer<S>(
    config: &TelemetryConfig,
) -> Result<Box<dyn Layer<S> + Send + Sync>, ParseError>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let filter = EnvFilter::builder()
        .parse(&config.filter)?
        .and(filter_fn(never_bodies));
    let human = match config.format {
        Format::Auto => std::io::stderr().is_terminal(),
        Format::Json => false,
        Format::Human => true,
    };
    let lines = fmt::layer().with_writer(|| Redacting(std::io::stderr()));
    Ok(if human {
        let colours = std::io::stderr().is_terminal();
        lines.with_ansi(colours).with_filter(filter).boxed()
    } else {
        lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_filter(filter)
            .boxed()
    })
}
