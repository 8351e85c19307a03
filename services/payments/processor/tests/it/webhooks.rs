use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use processor::{Envelope, SignatureError, verify_signature};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::stage::{Stage, key, stage};

const SECRET: &str = "whsec_ours";

struct Webhook {
    signature: String,
    body: Bytes,
}

type Inbox = mpsc::UnboundedSender<Webhook>;

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) {
    let header = headers
        .get("stripe-signature")
        .and_then(|value| value.to_str().ok());
    let signature = header.unwrap_or_default().to_owned();
    // Nobody reads any more once the test is over.
    let _ = inbox.send(Webhook { signature, body });
}

/// Where the sandbox sends its webhooks.
async fn endpoint(stage: &Stage) -> mpsc::UnboundedReceiver<Webhook> {
    let (inbox, webhooks) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let routes = Router::new().fallback(receive).with_state(inbox);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    stage
        .command("webhook_endpoints", json!({ "url": url, "secret": SECRET }))
        .await;
    webhooks
}

#[tokio::test]
async fn a_payment_s_webhooks_are_verified_and_name_it() {
    let stage = stage().await;
    let mut webhooks = endpoint(&stage).await;
    let paid = stage.paid(4_000).await;
    loop {
        let Webhook { signature, body } = webhooks.recv().await.expect("a webhook");
        let now = stage.clock.now();
        let secrets = [key("whsec_next"), key(SECRET)];
        assert!(verify_signature(&secrets, &signature, &body, now).is_ok());
        let forged = verify_signature(&secrets[..1], &signature, &body, now);
        assert_eq!(forged, Err(SignatureError::Mismatch));

        let envelope = Envelope::parse(&body).expect("an event");
        assert!(envelope.id.starts_with("evt_") && !envelope.livemode);
        if envelope.kind == "payment_intent.succeeded" {
            assert_eq!(envelope.object_kind, "payment_intent");
            assert_eq!(envelope.object_id, Some(paid.id));
            return;
        }
    }
}
