use crate::access::Table;
use crate::body::{Ending, watched};
use crate::layer::{Answer, Layer, Next};
use http::Request;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use std::sync::LazyLock;
use tokio::time::Instant;
use tonic::Code;
use tonic::body::Body;
use tracing::Span;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    service: &'static str,
    method: String,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    service: &'static str,
    method: String,
}

/// Seconds; a request that takes longer than 10 has passed the usual deadline.
const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

static REQUESTS: LazyLock<Family<Answered, Counter>> = LazyLock::new(|| {
    telemetry::register(
        "rpc_requests",
        "Requests that ended, by their code",
        Family::default(),
    )
});
static LATENCY: LazyLock<Family<Asked, Histogram>> = LazyLock::new(|| {
    let family = Family::new_with_constructor((|| Histogram::new(SECONDS)) as fn() -> Histogram);
    telemetry::register(
        "rpc_duration_seconds",
        "From a request's headers to its end",
        family,
    )
});
static IN_FLIGHT: LazyLock<Family<Asked, Gauge>> = LazyLock::new(|| {
    telemetry::register(
        "rpc_in_flight",
        "Requests that have not ended",
        Family::default(),
    )
});

/// Counts requests, by method and code; measures how long they take; completes their span.
pub(crate) struct Measure {
    pub(crate) service: &'static str,
    pub(crate) table: Table,
}

impl Layer for Measure {
    fn call(&self, request: Request<Body>, next: Next) -> Answer {
        let path = request.uri().path();
        let known = self.table.get(path).is_some() || crate::access::is_infrastructure(path);
        // Made-up paths must not become label values.
        let method = if known {
            path.trim_start_matches('/')
        } else {
            "unknown"
        };
        let asked = Asked {
            service: self.service,
            method: method.to_owned(),
        };
        IN_FLIGHT.get_or_create(&asked).inc();
        let running = Running {
            asked,
            begun: Instant::now(),
            span: Span::current(),
        };
        Box::pin(async move { watched(next.run(request), running).await })
    }
}

struct Running {
    asked: Asked,
    begun: Instant,
    span: Span,
}

impl Ending for Running {
    fn ended(&mut self, code: Code) {
        let took = self.begun.elapsed();
        let name = name(code);
        self.span.record("code", name);
        self.span
            .record("duration_ms", took.as_secs_f64() * 1_000.0);
        LATENCY
            .get_or_create(&self.asked)
            .observe(took.as_secs_f64());
        IN_FLIGHT.get_or_create(&self.asked).dec();
        let answered = Answered {
            service: self.asked.service,
            method: self.asked.method.clone(),
            code: name,
        };
        REQUESTS.get_or_create(&answered).inc();
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.span.in_scope(|| match code {
            Code::Internal | Code::Unknown | Code::DataLoss | Code::DeadlineExceeded => {
                tracing::warn!(code = name, took_ms, "request failed");
            }
            _ => tracing::debug!(code = name, took_ms, "request ended"),
        });
    }
}

/// The code as gRPC's documents write it.
const fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
