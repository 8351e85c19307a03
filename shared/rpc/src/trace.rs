use crate::context::RequestId;
use crate::layer::{Answer, Layer, Next};
use clock::Clock;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use opentelemetry::global;
use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry::trace::TraceContextExt as _;
use std::sync::Arc;
use tonic::body::Body;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Opens the request's span as a child of the caller's trace, and gives the request an id that its answer, its log
/// lines and the calls it makes carry.
pub(crate) struct Trace {
    pub(crate) service: &'static str,
    pub(crate) clock: Clock,
}

impl Layer for Trace {
    fn call(&self, mut request: Request<Body>, next: Next) -> Answer {
        let id =
            given_id(request.headers()).unwrap_or_else(|| self.clock.uuid().to_string().into());
        let span = self.span(&request, &id);
        request.extensions_mut().insert(RequestId(Arc::clone(&id)));
        let answer = async move {
            let mut response = next.run(request).await;
            if let Ok(value) = HeaderValue::from_str(&id) {
                response.headers_mut().insert(REQUEST_ID, value);
            }
            response
        };
        Box::pin(answer.instrument(span))
    }
}

impl Trace {
    fn span(&self, request: &Request<Body>, id: &str) -> Span {
        let method = request.uri().path().trim_start_matches('/');
        let span = tracing::info_span!(
            "request",
            otel.name = method,
            otel.kind = "server",
            service = self.service,
            method,
            request_id = id,
            trace_id = Empty,
            code = Empty,
            duration_ms = Empty,
        );
        let caller = global::get_text_map_propagator(|propagator| {
            propagator.extract(&Headers(request.headers()))
        });
        // Refused only where no traces are made, and then there is nothing to join.
        if span.set_parent(caller).is_ok() {
            let context = span.context();
            let own = context.span().span_context().clone();
            if own.is_valid() {
                span.record("trace_id", own.trace_id().to_string());
            }
        }
        span
    }
}

/// What a caller or the gateway calls this request, if it is fit to stand in a log.
fn given_id(headers: &HeaderMap) -> Option<Arc<str>> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let fit = !id.is_empty()
        && id.len() <= 64
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    fit.then(|| Arc::from(id))
}

/// Puts the current span into the headers of an outgoing call.
pub(crate) fn inject(headers: &mut HeaderMap) {
    let context = Span::current().context();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut HeadersMut(headers));
    });
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}
