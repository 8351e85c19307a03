//! What the gateway and other services do to payments: webhooks come in as gRPC, events are applied.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use clock::Clock;
use ids::{EventId, PracticeId};
use payments::work::Practices;
use pg::Pool;
use pg::feed::{Event, Handler};
use prost_reflect::ReflectMessage;
use proto::google::api::HttpBody;
use proto::payments::v1::ReceiveStripeEventRequest;
use proto::payments::v1::webhook_service_client::WebhookServiceClient;
use proto::portal_auth::v1::{Practice, PracticeRegistered};
use rpc::{ServiceToken, connect};
use std::sync::{Arc, OnceLock};
use tonic::Status;

/// What the gateway does for webhooks: HTTP in, the same bytes and header as gRPC out. `door` is payments' address, set
/// once it is known.
pub async fn gateway(door: Arc<OnceLock<String>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!(
        "http://{}/v1/webhooks/stripe/platform",
        listener.local_addr().expect("bound")
    );
    let router = Router::new()
        .route("/v1/webhooks/stripe/platform", post(forward))
        .with_state(door);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn forward(
    State(door): State<Arc<OnceLock<String>>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let url = door.get().expect("payments is up").clone();
    let signature = headers
        .get("stripe-signature")
        .and_then(|value| value.to_str().ok());
    match deliver(&url, "platform", signature.unwrap_or_default(), &body).await {
        Ok(()) => StatusCode::OK,
        Err(status) if status.code() == tonic::Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

pub async fn deliver(
    url: &str,
    endpoint: &str,
    signature: &str,
    body: &[u8],
) -> Result<(), Status> {
    let nobody = connect(url, ServiceToken::none()).expect("a URL");
    let content_type = "application/json".to_owned();
    let mut request = tonic::Request::new(ReceiveStripeEventRequest {
        endpoint_id: endpoint.to_owned(),
        body: Some(HttpBody {
            content_type,
            data: body.to_vec().into(),
            extensions: Vec::new(),
        }),
    });
    let header = signature.parse().expect("a header");
    request.metadata_mut().insert("stripe-signature", header);
    WebhookServiceClient::new(nobody)
        .receive_stripe_event(request)
        .await
        .map(drop)
}

/// What portal-auth announces, applied as the follower does.
pub async fn register(pool: &Pool, practice: PracticeId) {
    let registered = PracticeRegistered {
        practice: Some(Practice {
            practice_id: practice.to_string(),
            time_zone: "America/New_York".to_owned(),
            currency_code: "USD".to_owned(),
            ..Practice::default()
        }),
    };
    apply(pool, &Practices, practice, &registered).await;
}

/// Applies an event of another service as its follower does.
pub async fn apply(
    pool: &Pool,
    handler: &impl Handler,
    practice: PracticeId,
    message: &impl ReflectMessage,
) {
    apply_at(pool, handler, practice, (&Clock::system(), message)).await;
}

/// The same, announced by this clock.
pub async fn apply_at(
    pool: &Pool,
    handler: &impl Handler,
    practice: PracticeId,
    (clock, message): (&Clock, &impl ReflectMessage),
) {
    let event = Event {
        practice,
        sequence: 1,
        event_id: EventId::new(clock),
        event_type: message.descriptor().full_name().to_owned(),
        payload: message.encode_to_vec().into(),
        occur_time: clock.now(),
    };
    let mut tx = pg::begin(pool, practice).await.expect("begun");
    handler.apply(&mut tx, &event).await.expect("applied");
    tx.commit().await.expect("committed");
}
