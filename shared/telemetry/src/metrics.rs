use prometheus_client::encoding::text;
use prometheus_client::registry::{Metric, Registry};
use std::sync::{LazyLock, PoisonError, RwLock};

static REGISTRY: LazyLock<RwLock<Registry>> =
    LazyLock::new(|| RwLock::new(Registry::with_prefix("evenkeel")));

/// The content type of what [`encode`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Adds a metric to the process's registry and gives it back, for a `static LazyLock`. A name is registered once in
/// a process, so what differs by service is a `Family` with a `service` label. `evenkeel_` is put before the name;
/// a counter's name gets `_total` after it.
///
/// ```
/// use std::sync::LazyLock;
/// use telemetry::prometheus_client::metrics::{counter::Counter, family::Family};
///
/// static SENT: LazyLock<Family<[(&str, String); 1], Counter>> =
///     LazyLock::new(|| telemetry::register("mails_sent", "Mails the server took", Family::default()));
/// SENT.get_or_create(&[("service", "notifications".to_owned())]).inc();
/// assert!(telemetry::encode().contains("evenkeel_mails_sent_total{service=\"notifications\"} 1"));
/// ```
pub fn register<M: Metric + Clone>(name: &str, help: &str, metric: M) -> M {
    REGISTRY
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .register(name, help, metric.clone());
    metric
}

/// All metrics of the process in the OpenMetrics text format.
#[must_use]
pub fn encode() -> String {
    let mut out = String::new();
    let registry = REGISTRY.read().unwrap_or_else(PoisonError::into_inner);
    // Writing to a String cannot fail; should a metric refuse, the rest is still worth having.
    if let Err(error) = text::encode(&mut out, &registry) {
        tracing::error!(%error, "a metric could not be written");
    }
    out
}
