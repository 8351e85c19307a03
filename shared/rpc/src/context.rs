use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What follows a request wherever its work goes: into spawned tasks and, as headers, to other services.
#[derive(Debug, Clone, Default)]
pub(crate) struct Context {
    pub(crate) deadline: Option<Instant>,
    pub(crate) request_id: Option<RequestId>,
}

/// The value of `x-request-id`: visible ASCII, at most 64 characters.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

tokio::task_local! { static CURRENT: Context; }

impl Context {
    /// That of the request being served; empty outside of one.
    pub(crate) fn current() -> Self {
        CURRENT.try_with(Self::clone).unwrap_or_default()
    }

    /// Runs `work` with this context.
    pub(crate) async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }
}

/// How much of the current request's time is left: zero when it is over, `None` outside of a request.
#[must_use]
pub fn time_left() -> Option<Duration> {
    let deadline = Context::current().deadline?;
    Some(deadline.saturating_duration_since(Instant::now()))
}
