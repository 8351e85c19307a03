//! The way of a request: who asks → faults that come before the key → key → work → faults that come after → answer.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::book::random_id;
use crate::connection::{Connection, CuttableListener};
use crate::error::ApiError;
use crate::faults::{Ending, Fault};
use crate::sandbox::{API_VERSION, Sandbox, lock};
use crate::work::{Answer, Call, perform};
use crate::{admin, auth, page};

/// Bytes of one request body, at most.
const MAX_BODY: usize = 1 << 20;

/// Serves until the sandbox is told to stop.
pub async fn serve(sandbox: Arc<Sandbox>, listener: TcpListener) -> std::io::Result<()> {
    let stop = sandbox.stop.clone();
    let router = Router::new()
        .nest("/_sandbox", admin::routes().merge(page::routes()))
        .route("/_sandbox/", get(page::overview))
        .fallback(handle)
        .with_state(sandbox);
    let service = router.into_make_service_with_connect_info::<Connection>();
    axum::serve(CuttableListener(listener), service)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

async fn handle(
    State(sandbox): State<Arc<Sandbox>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    let request_id = random_id(&sandbox.config.clock, "req_", 14);
    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    let key = header_text(request.headers(), "idempotency-key");
    let refused = |error: ApiError| respond(&Answer::of(&error), &request_id, key.as_deref());
    let account = match auth::authenticate(request.headers(), &sandbox.config) {
        Ok(account) if sandbox.may_act_for(&account) => account,
        Ok(account) => return refused(ApiError::account_invalid(&account)),
        Err(error) => return refused(error),
    };
    let fault = match fault_for(&sandbox, request.headers(), &method, &path) {
        Ok(fault) => fault,
        Err(error) => return refused(error),
    };
    let api_version =
        header_text(request.headers(), "stripe-version").unwrap_or_else(|| API_VERSION.to_owned());
    let form = match read_form(request).await {
        Ok(form) => form,
        Err(error) => return refused(error),
    };
    let call = Call {
        account,
        method,
        path,
        form,
        key: key.clone(),
        request_id: request_id.clone(),
        api_version,
    };
    // A client that goes away does not stop the work, as at Stripe.
    let worker = tokio::spawn(perform(sandbox.clone(), call, fault));
    let answer = worker
        .await
        .unwrap_or_else(|_| Answer::of(&ApiError::internal()));
    match fault.ending {
        Ending::Answer | Ending::Status { .. } => respond(&answer, &request_id, key.as_deref()),
        Ending::Garbage => {
            let half = answer
                .body
                .chars()
                .take(answer.body.chars().count() / 2)
                .collect();
            respond(
                &Answer {
                    status: 200,
                    body: half,
                    original: None,
                },
                &request_id,
                key.as_deref(),
            )
        }
        Ending::Reset { .. } => cut(&connection),
        Ending::Hang { .. } => {
            tokio::select! {
                () = tokio::time::sleep(sandbox.config.hang) => {}
                () = sandbox.stop.cancelled() => {}
            }
            cut(&connection)
        }
    }
}

/// The response is never seen: writing it finds the connection cut.
fn cut(connection: &Connection) -> Response {
    connection.cut();
    Response::new(Body::empty())
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

fn fault_for(
    sandbox: &Sandbox,
    headers: &HeaderMap,
    method: &str,
    path: &str,
) -> Result<Fault, ApiError> {
    match header_text(headers, "x-sandbox-fault") {
        Some(words) => words
            .parse()
            .map_err(|error| ApiError::malformed(format!("X-Sandbox-Fault: {error}"))),
        None => {
            let waiting = lock(&sandbox.faults).take(method, path);
            let fault = waiting.or_else(|| lock(&sandbox.seeded).fault(method, path));
            Ok(fault.unwrap_or_default())
        }
    }
}

async fn read_form(request: Request) -> Result<String, ApiError> {
    let kind = header_text(request.headers(), "content-type").unwrap_or_default();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body: Bytes = axum::body::to_bytes(request.into_body(), MAX_BODY)
        .await
        .map_err(|_| {
            ApiError::malformed(format!(
                "The request body could not be read or is larger than {MAX_BODY} bytes."
            ))
        })?;
    if body.is_empty() {
        return Ok(query);
    }
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(ApiError::malformed(
            "Invalid request (check that your POST content type is \
                application/x-www-form-urlencoded).",
        ));
    }
    let body = String::from_utf8(body.to_vec())
        .map_err(|_| ApiError::malformed("The request body is not UTF-8."))?;
    Ok(if query.is_empty() {
        body
    } else {
        format!("{query}&{body}")
    })
}

fn respond(answer: &Answer, request_id: &str, key: Option<&str>) -> Response {
    let mut response = Response::new(Body::from(answer.body.clone()));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let mut set = |name: &'static str, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    set("request-id", request_id);
    set("stripe-version", API_VERSION);
    if let Some(key) = key {
        set("idempotency-key", key);
    }
    if let Some(original) = &answer.original {
        set("idempotent-replayed", "true");
        set("original-request", original);
    }
    if answer.status == 409 || answer.status == 429 {
        set("stripe-should-retry", "true");
    }
    response
}
