use crate::context::time_left;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Calls again when that may help: the server was not there, the connection broke, or the server said when to come
/// back. Writes too, since each has a `request_id`: send the same one.
///
/// One per peer: when most calls fail, its budget is used up and calls fail at their first attempt, so that an outage
/// is not answered with four times the load.
#[derive(Debug, Clone)]
pub struct Retry {
    budget: Arc<Budget>,
}

impl Default for Retry {
    fn default() -> Self {
        Self::new()
    }
}

impl Retry {
    /// At most four attempts, with pauses of up to a second between them.
    #[must_use]
    pub fn new() -> Self {
        Self {
            budget: Arc::new(Budget::full()),
        }
    }

    /// Makes the call until it is answered; `call` clones what it sends:
    /// `retry.run(async || client.clone().post_payment(request.clone()).await)`.
    ///
    /// # Errors
    /// The last attempt's status.
    pub async fn run<T, F, Fut>(&self, mut call: F) -> Result<T, Status>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, Status>>,
    {
        let mut attempt = 1;
        let mut longest = FIRST_PAUSE;
        loop {
            let status = match call().await {
                Ok(answer) => {
                    self.budget.succeeded();
                    return Ok(answer);
                }
                Err(status) => status,
            };
            let Some(asked) = may_help(&status) else {
                return Err(status);
            };
            let affordable = self.budget.failed();
            let pause = asked.unwrap_or_else(|| longest.mul_f64(rand::random_range(0.0..1.0)));
            let in_time = time_left().is_none_or(|left| pause < left);
            if attempt >= ATTEMPTS || !affordable || !in_time {
                return Err(status);
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
            longest = (longest * 2).min(LONGEST_PAUSE);
        }
    }
}

/// `None` when another attempt would get the same answer; otherwise the pause that the server asks for, if any.
fn may_help(status: &Status) -> Option<Option<Duration>> {
    let asked = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay);
    let again = match status.code() {
        Code::Unavailable => true,
        Code::ResourceExhausted => asked.is_some(),
        _ => connection_broke(status),
    };
    again.then_some(asked)
}

/// Ten units a failure, one back a success; no second attempt while less than half is there (gRFC A6).
#[derive(Debug)]
struct Budget(AtomicI64);

impl Budget {
    const FULL: i64 = 200;

    const fn full() -> Self {
        Self(AtomicI64::new(Self::FULL))
    }

    fn succeeded(&self) {
        self.change(1);
    }

    fn failed(&self) -> bool {
        self.change(-10) > Self::FULL / 2
    }

    fn change(&self, by: i64) -> i64 {
        let changed = |units: i64| (units + by).clamp(0, Self::FULL);
        let update = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |units| {
                Some(changed(units))
            });
        changed(update.unwrap_or_else(|units| units))
    }
}

/// The connection failed under the call. A status that a server sent has no source.
fn connection_broke(status: &Status) -> bool {
    causes(status).any(|cause| {
        cause.is::<hyper::Error>()
            || cause.is::<h2::Error>()
            || cause.is::<tonic::transport::Error>()
    })
}

/// True when the server has certainly not begun to work on the call, so that even a write without a `request_id`
/// could be sent again: it was cancelled before it was sent, refused, or came after a GOAWAY.
#[must_use]
pub fn unsent(status: &Status) -> bool {
    for cause in causes(status) {
        if let Some(h2) = cause.downcast_ref::<h2::Error>() {
            return match h2.reason() {
                Some(h2::Reason::NO_ERROR) => h2.is_go_away(),
                Some(h2::Reason::REFUSED_STREAM) => true,
                _ => false,
            };
        }
        let hyper = cause.downcast_ref::<hyper::Error>();
        if hyper.is_some_and(|error| error.is_canceled() || error.is_closed()) {
            return true;
        }
    }
    false
}

fn causes(status: &Status) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(status.source(), |cause| <dyn Error>::source(*cause))
}

#[cfg(test)]
mod tests {
    use super::{ATTEMPTS, Retry};
    use std::cell::Cell;
    use tonic::Status;

    #[tokio::test]
    async fn a_peer_that_comes_back_is_called_again() {
        let calls = Cell::new(0);
        let answer = Retry::new()
            .run(async || {
                calls.set(calls.get() + 1);
                if calls.get() < 3 {
                    Err(Status::unavailable("restarting"))
                } else {
                    Ok("there")
                }
            })
            .await;
        assert_eq!(
            (answer.expect("the third attempt"), calls.get()),
            ("there", 3)
        );
    }

    #[tokio::test]
    async fn what_was_refused_is_not_asked_again() {
        let calls = Cell::new(0);
        let answer: Result<(), _> = Retry::new()
            .run(async || {
                calls.set(calls.get() + 1);
                Err(Status::aborted("a conflict that the caller must see"))
            })
            .await;
        assert!(answer.is_err());
        assert_eq!(calls.get(), 1);
    }

    #[tokio::test]
    async fn an_outage_costs_few_extra_calls() {
        let (retry, calls) = (Retry::new(), Cell::new(0));
        for _ in 0..40 {
            let answer: Result<(), _> = retry
                .run(async || {
                    calls.set(calls.get() + 1);
                    Err(Status::unavailable("gone"))
                })
                .await;
            assert!(answer.is_err());
        }
        assert!(
            calls.get() < 60,
            "{} calls, {} without a budget",
            calls.get(),
            40 * ATTEMPTS
        );
    }
}
