use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Whose feed is followed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Source {
    source: String,
}

/// How following goes, by source. Clones count together; one per process.
#[derive(Clone, Debug, Default)]
pub struct FollowMetrics {
    applied: Family<Source, Counter>,
    duplicates: Family<Source, Counter>,
    gaps: Family<Source, Counter>,
    retries: Family<Source, Counter>,
    parked: Family<Source, Counter>,
    held: Family<Source, Gauge>,
    lag_milliseconds: Family<Source, Gauge>,
}

impl FollowMetrics {
    /// Shows them at `/metrics`.
    pub fn register(&self, registry: &mut Registry) {
        let feed = registry.sub_registry_with_prefix("feed");
        feed.register(
            "events_applied",
            "Events whose effect was committed",
            self.applied.clone(),
        );
        feed.register(
            "events_duplicate",
            "Events that came again and were ignored",
            self.duplicates.clone(),
        );
        feed.register(
            "gaps",
            "Times a sequence was missing: alarm on any",
            self.gaps.clone(),
        );
        feed.register(
            "retries",
            "Events that failed and are tried again",
            self.retries.clone(),
        );
        feed.register(
            "events_parked",
            "Events given up until a replay: alarm on any",
            self.parked.clone(),
        );
        feed.register(
            "practices_held",
            "Practices whose events wait here for an earlier one",
            self.held.clone(),
        );
        feed.register(
            "lag_milliseconds",
            "Age of the last event when it was applied",
            self.lag_milliseconds.clone(),
        );
    }

    /// Events of a source whose effect was committed by this process.
    pub fn applied(&self, source: &str) -> u64 {
        self.applied.get_or_create(&label(source)).get()
    }

    /// Events of a source that came again.
    pub fn duplicates(&self, source: &str) -> u64 {
        self.duplicates.get_or_create(&label(source)).get()
    }

    /// Times a sequence of a source was missing.
    pub fn gaps(&self, source: &str) -> u64 {
        self.gaps.get_or_create(&label(source)).get()
    }

    pub(crate) fn of(&self, source: &str) -> SourceMetrics {
        let label = label(source);
        SourceMetrics {
            applied: self.applied.get_or_create_owned(&label),
            duplicates: self.duplicates.get_or_create_owned(&label),
            gaps: self.gaps.get_or_create_owned(&label),
            retries: self.retries.get_or_create_owned(&label),
            parked: self.parked.get_or_create_owned(&label),
            held: self.held.get_or_create_owned(&label),
            lag_milliseconds: self.lag_milliseconds.get_or_create_owned(&label),
        }
    }
}

fn label(source: &str) -> Source {
    Source {
        source: source.to_owned(),
    }
}

/// The same for one source.
#[derive(Clone, Debug)]
pub(crate) struct SourceMetrics {
    pub(crate) applied: Counter,
    pub(crate) duplicates: Counter,
    pub(crate) gaps: Counter,
    pub(crate) retries: Counter,
    pub(crate) parked: Counter,
    pub(crate) held: Gauge,
    pub(crate) lag_milliseconds: Gauge,
}
