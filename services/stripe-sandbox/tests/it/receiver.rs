//! An endpoint that listens for webhooks and checks their signatures with code of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// One webhook as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub signature: String,
    pub body: Vec<u8>,
}

impl Received {
    pub fn event(&self) -> Value {
        serde_json::from_slice(&self.body).expect("an event")
    }

    /// `t` when the signature is right.
    pub fn verified(&self, secret: &str) -> Option<i64> {
        let (time, signature) = self.signature.strip_prefix("t=")?.split_once(",v1=")?;
        let message = [time.as_bytes(), b".", &self.body].concat();
        (hmac(secret.as_bytes(), &message) == signature).then(|| time.parse().expect("seconds"))
    }
}

/// RFC 2104 by hand.
fn hmac(key: &[u8], message: &[u8]) -> String {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::digest([&padded(0x36)[..], message].concat());
    Sha256::digest([&padded(0x5c)[..], &inner].concat())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[derive(Clone, Default)]
struct Box {
    received: Arc<Mutex<Vec<Received>>>,
    refusals: Arc<Mutex<u32>>,
}

pub struct Receiver {
    pub url: String,
    contents: Box,
}

impl Receiver {
    /// Answers the first `refusals` webhooks with 500, the others with 200.
    pub async fn open(refusals: u32) -> Self {
        let contents = Box {
            refusals: Arc::new(Mutex::new(refusals)),
            ..Box::default()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let router = Router::new()
            .route("/hook", post(take))
            .with_state(contents.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, contents }
    }

    pub fn all(&self) -> Vec<Received> {
        self.contents.received.lock().expect("a lock").clone()
    }

    pub fn types(&self) -> Vec<String> {
        self.all()
            .iter()
            .map(|one| one.event()["type"].as_str().expect("a type").to_owned())
            .collect()
    }

    /// Waits until so many webhooks of this type have come.
    pub async fn wait_for(&self, kind: &str, count: usize) -> Vec<Received> {
        for _ in 0..500 {
            let found: Vec<Received> = self
                .all()
                .into_iter()
                .filter(|one| one.event()["type"] == kind)
                .collect();
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{count} × {kind} did not come: {:?}", self.types());
    }
}

async fn take(State(contents): State<Box>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers["stripe-signature"]
        .to_str()
        .expect("text")
        .to_owned();
    contents.received.lock().expect("a lock").push(Received {
        signature,
        body: body.to_vec(),
    });
    let mut refusals = contents.refusals.lock().expect("a lock");
    if *refusals > 0 {
        *refusals -= 1;
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    StatusCode::OK
}
