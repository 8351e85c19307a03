use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Asks whether what the service needs is there; the error says what is not.
pub(crate) type ReadyCheck =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(crate) struct Readiness {
    pub(crate) check: Option<ReadyCheck>,
    pub(crate) draining: CancellationToken,
}

/// `/metrics`, `/livez`, `/readyz`, and what the service adds.
pub(crate) fn router(readiness: Readiness, extra: Router) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .with_state(readiness)
        .merge(extra)
}

async fn metrics() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, telemetry::CONTENT_TYPE)],
        telemetry::encode(),
    )
}

async fn ready(State(readiness): State<Readiness>) -> (StatusCode, String) {
    if readiness.draining.is_cancelled() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "shutting down\n".to_owned(),
        );
    }
    let Some(check) = readiness.check else {
        return (StatusCode::OK, "ready\n".to_owned());
    };
    match tokio::time::timeout(PATIENCE, check()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n".to_owned()),
        Ok(Err(missing)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{missing}\n")),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the check takes too long\n".to_owned(),
        ),
    }
}
