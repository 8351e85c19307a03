//! A webhook as the processor delivers it: a signed event of some kilobytes, each a new one.

use crate::seed;
use crate::stage::Stage;
use anyhow::Result;
use clock::Clock;
use hmac::{Hmac, Mac as _};
use proto::google::api::HttpBody;
use proto::payments::v1::ReceiveStripeEventRequest;
use proto::payments::v1::webhook_service_client::WebhookServiceClient;
use sha2::Sha256;
use sqlx::{Connection as _, PgConnection};
use std::time::Duration;
use tonic::Request;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;

const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECTIONS: usize = 8;
/// Of what an event says besides its envelope: a charge is of this size.
const OBJECT_BYTES: usize = 2_500;
/// One that nothing has to be done about: what is measured is the intake, not the work that follows.
const KIND: &str = "charge.updated";

/// Which way an event takes.
#[derive(Debug, Clone, Copy)]
pub enum Door {
    /// gRPC to payments, as the gateway sends it.
    Payments,
    /// HTTP to the gateway, as the processor sends it.
    Gateway,
}

/// Who delivers.
pub struct Sender {
    secret: String,
    grpc: Vec<WebhookServiceClient<Channel>>,
    http: reqwest::Client,
    url: String,
    clock: Clock,
}

impl Sender {
    /// Connects to payments.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn new(stage: &Stage, clock: Clock) -> Result<Self> {
        let ports = &stage.suite.ports;
        let mut grpc = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            let channel = seed::connect(&ports.url("payments")).await?;
            grpc.push(WebhookServiceClient::new(channel));
        }
        Ok(Self {
            secret: stage.suite.secrets.sandbox_webhook_secret.clone(),
            grpc,
            http: reqwest::Client::builder().timeout(TIMEOUT).build()?,
            url: format!(
                "http://127.0.0.1:{}/v1/webhooks/stripe/platform",
                ports.gateway
            ),
            clock,
        })
    }

    /// Delivers a new event.
    ///
    /// # Errors
    /// Why it was not acknowledged, in a word.
    pub async fn deliver(&self, door: Door, connection: usize) -> Result<(), String> {
        let now = self.clock.now().as_second();
        let body = self.event(now);
        let signature = self.signature(now, body.as_bytes());
        match door {
            Door::Payments => {
                let mut client = self.grpc[connection % self.grpc.len()].clone();
                let mut request = Request::new(ReceiveStripeEventRequest {
                    endpoint_id: "platform".to_owned(),
                    body: Some(HttpBody {
                        content_type: "application/json".to_owned(),
                        data: body.into(),
                        extensions: Vec::new(),
                    }),
                });
                let signature = AsciiMetadataValue::try_from(signature);
                let signature = signature.map_err(|_| "a signature that is no header")?;
                request.metadata_mut().insert("stripe-signature", signature);
                request.set_timeout(TIMEOUT);
                let answer = client.receive_stripe_event(request).await;
                answer
                    .map(drop)
                    .map_err(|status| format!("{:?}", status.code()))
            }
            Door::Gateway => {
                let request = self
                    .http
                    .post(&self.url)
                    .header("content-type", "application/json")
                    .header("stripe-signature", signature)
                    .body(body);
                match request.send().await {
                    Ok(answer) if answer.status().is_success() => Ok(()),
                    Ok(answer) => Err(answer.status().to_string()),
                    Err(_) => Err("no answer".to_owned()),
                }
            }
        }
    }

    fn event(&self, created: i64) -> String {
        let id = self.clock.uuid().simple();
        let rest = "x".repeat(OBJECT_BYTES);
        format!(
            "{{\"id\":\"evt_{id}\",\"object\":\"event\",\"api_version\":\"2025-01-27\",\"created\":{created},\
             \"livemode\":false,\"type\":\"{KIND}\",\
             \"data\":{{\"object\":{{\"id\":\"ch_{id}\",\"object\":\"charge\",\"rest\":\"{rest}\"}}}}}}"
        )
    }

    /// `t=<Unix seconds>,v1=<hex HMAC-SHA256 of "t.body" under the secret>`.
    fn signature(&self, time: i64, body: &[u8]) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()) else {
            unreachable!("HMAC takes keys of every length")
        };
        mac.update(format!("{time}.").as_bytes());
        mac.update(body);
        format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()))
    }
}

/// How many events of this kind are kept.
///
/// # Errors
/// The database cannot be asked.
pub async fn kept(database_url: &str) -> Result<u64> {
    let mut connection = PgConnection::connect(database_url).await?;
    let asked = "select count(*) from payments.webhooks where event_kind = $1";
    let kept: i64 = sqlx::query_scalar(asked)
        .bind(KIND)
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(u64::try_from(kept)?)
}
