use std::sync::LazyLock;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Metric;

/// Who follows whose feed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Following {
    service: String,
    source: String,
}

/// How following goes, by follower and source. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct FollowMetrics {
    applied: Family<Following, Counter>,
    duplicates: Family<Following, Counter>,
    gaps: Family<Following, Counter>,
    retries: Family<Following, Counter>,
    parked: Family<Following, Counter>,
    unknown: Family<Following, Counter>,
    held: Family<Following, Gauge>,
    lag_milliseconds: Family<Following, Gauge>,
}

static OF_PROCESS: LazyLock<FollowMetrics> = LazyLock::new(FollowMetrics::registered);

impl FollowMetrics {
    /// What `/metrics` shows: one for all that this process follows.
    pub fn of_process() -> Self {
        OF_PROCESS.clone()
    }

    fn registered() -> Self {
        Self {
            applied: register("events_applied", "Events whose effect was committed"),
            duplicates: register(
                "events_duplicate",
                "Events that came again and were ignored",
            ),
            gaps: register("gaps", "Times a sequence was missing: alarm on any"),
            retries: register("retries", "Events that failed and are tried again"),
            parked: register(
                "events_parked",
                "Events given up until a replay: alarm on any",
            ),
            unknown: register(
                "events_unknown",
                "Events parked for their type is in no contract of this version: deploy the one that wrote them here",
            ),
            held: register(
                "practices_held",
                "Practices whose events wait here for an earlier one",
            ),
            lag_milliseconds: register(
                "lag_milliseconds",
                "Age of the last event when it was applied",
            ),
        }
    }

    /// Events of a source whose effect a follower's schema committed in this process.
    pub fn applied(&self, schema: &str, source: &str) -> u64 {
        self.applied.get_or_create(&label(schema, source)).get()
    }

    /// Events of a source that came again.
    pub fn duplicates(&self, schema: &str, source: &str) -> u64 {
        self.duplicates.get_or_create(&label(schema, source)).get()
    }

    /// Times a sequence of a source was missing.
    pub fn gaps(&self, schema: &str, source: &str) -> u64 {
        self.gaps.get_or_create(&label(schema, source)).get()
    }

    /// Events of a source whose type is in no contract of this version.
    pub fn unknown(&self, schema: &str, source: &str) -> u64 {
        self.unknown.get_or_create(&label(schema, source)).get()
    }

    pub(crate) fn of(&self, schema: &str, source: &str) -> SourceMetrics {
        let label = label(schema, source);
        SourceMetrics {
            applied: self.applied.get_or_create_owned(&label),
            duplicates: self.duplicates.get_or_create_owned(&label),
            gaps: self.gaps.get_or_create_owned(&label),
            retries: self.retries.get_or_create_owned(&label),
            parked: self.parked.get_or_create_owned(&label),
            unknown: self.unknown.get_or_create_owned(&label),
            held: self.held.get_or_create_owned(&label),
            lag_milliseconds: self.lag_milliseconds.get_or_create_owned(&label),
        }
    }
}

fn register<M>(name: &str, help: &str) -> Family<Following, M>
where
    Family<Following, M>: Metric + Clone + Default,
{
    telemetry::register(&format!("feed_{name}"), help, Family::default())
}

/// Services are named as they name themselves: the schema `portal_auth` is portal-auth's.
fn label(schema: &str, source: &str) -> Following {
    Following {
        service: schema.replace('_', "-"),
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
    pub(crate) unknown: Counter,
    pub(crate) held: Gauge,
    pub(crate) lag_milliseconds: Gauge,
}
