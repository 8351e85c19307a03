use crate::access::Table;
use crate::context::{Context, RequestId};
use crate::fault::{Details, refuse};
use crate::layer::{Answer, Layer, Next};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use std::time::Duration;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};

pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// tonic's own timer says CANCELLED; ours comes this much before it.
const AHEAD: Duration = Duration::from_millis(3);

/// Ends a request that takes too long, and lets its work know how much time is left. A stream is bounded until its
/// first message only; afterwards the gateway and the drain end it.
pub(crate) struct Deadline {
    pub(crate) table: Table,
    pub(crate) default: Duration,
    pub(crate) longest: Duration,
}

impl Layer for Deadline {
    fn call(&self, request: Request<Body>, next: Next) -> Answer {
        let timeout = asked(request.headers())
            .map_or(self.default, |asked| asked.saturating_sub(AHEAD))
            .min(self.longest);
        let deadline = Instant::now() + timeout;
        let streams = self
            .table
            .get(request.uri().path())
            .is_none_or(|method| method.streams_responses);
        let context = Context {
            deadline: (!streams).then_some(deadline),
            request_id: request.extensions().get::<RequestId>().cloned(),
        };
        Box::pin(async move {
            tokio::time::timeout_at(deadline, context.scope(next.run(request)))
                .await
                .unwrap_or_else(|_| exceeded().into_http())
        })
    }
}

pub(crate) fn exceeded() -> Status {
    refuse(
        Code::DeadlineExceeded,
        "DEADLINE_EXCEEDED",
        "the request took longer than it was given",
        Details::default(),
    )
}

/// The time that the headers ask for.
pub(crate) fn asked(headers: &HeaderMap) -> Option<Duration> {
    parse(headers.get(GRPC_TIMEOUT)?.to_str().ok()?)
}

/// `grpc-timeout`: at most eight digits and a unit.
fn parse(text: &str) -> Option<Duration> {
    let unit_at = text.len().checked_sub(1)?;
    let (digits, unit) = text.split_at_checked(unit_at)?;
    let wrong =
        digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit());
    if wrong {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// A duration as `grpc-timeout`, in milliseconds; more than a day is a day.
pub(crate) fn shown(timeout: Duration) -> HeaderValue {
    let millis = timeout.as_millis().clamp(1, 86_400_000);
    // Digits and a letter are always a header value.
    HeaderValue::try_from(format!("{millis}m")).unwrap_or(HeaderValue::from_static("1m"))
}

#[cfg(test)]
mod tests {
    use super::{parse, shown};
    use std::time::Duration;

    #[test]
    fn a_timeout_is_digits_and_a_unit() {
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        assert_eq!(
            parse("99999999H"),
            Some(Duration::from_secs(99_999_999 * 3_600))
        );
        for wrong in ["", "m", "1", "123456789m", "-1m", "+1m", "1x", "1é", "٣m"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_sent_can_be_read_back() {
        for timeout in [Duration::from_millis(1), Duration::from_secs(60)] {
            assert_eq!(
                parse(shown(timeout).to_str().expect("ASCII")),
                Some(timeout)
            );
        }
        assert_eq!(shown(Duration::MAX).to_str().expect("ASCII"), "86400000m");
    }
}
