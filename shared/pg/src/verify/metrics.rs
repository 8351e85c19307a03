use std::sync::LazyLock;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

/// Which service checked which of its invariants. No practice: it would be a label without bound.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Checked {
    service: String,
    invariant: &'static str,
}

type OfService = [(&'static str, String); 1];

static FINDINGS: LazyLock<Family<Checked, Gauge>> = LazyLock::new(|| {
    telemetry::register(
        "invariant_findings",
        "Rows that break an invariant, in all practices as they were last checked: alarm on any",
        Family::default(),
    )
});
static PRACTICES: LazyLock<Family<OfService, Counter>> = LazyLock::new(|| {
    telemetry::register(
        "invariant_checks",
        "Practices whose invariants were checked",
        Family::default(),
    )
});
static FAILURES: LazyLock<Family<OfService, Counter>> = LazyLock::new(|| {
    telemetry::register(
        "invariant_check_failures",
        "Practices that could not be checked",
        Family::default(),
    )
});
static CHECK_TIME: LazyLock<Family<OfService, Gauge>> = LazyLock::new(|| {
    telemetry::register(
        "invariant_check_time_seconds",
        "When a practice was last checked by this process, in seconds since 1970: alarm when none moves on",
        Family::default(),
    )
});

/// Services are named as they name themselves: the schema `portal_auth` is portal-auth's.
fn of_service(schema: &str) -> OfService {
    [("service", schema.replace('_', "-"))]
}

/// What is found of an invariant in all practices that this process has checked.
pub(super) fn set_findings(schema: &str, invariant: &'static str, count: usize) {
    let checked = Checked {
        service: schema.replace('_', "-"),
        invariant,
    };
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    FINDINGS.get_or_create(&checked).set(count);
}

/// Another replica checks: it shows what is found, and this one does not.
pub(super) fn forget_findings(schema: &str, invariant: &'static str) {
    let checked = Checked {
        service: schema.replace('_', "-"),
        invariant,
    };
    FINDINGS.remove(&checked);
}

/// A practice was checked at this second.
pub(super) fn checked(schema: &str, second: i64) {
    PRACTICES.get_or_create(&of_service(schema)).inc();
    CHECK_TIME.get_or_create(&of_service(schema)).set(second);
}

/// A practice could not be checked.
pub(super) fn failed(schema: &str) {
    FAILURES.get_or_create(&of_service(schema)).inc();
}
