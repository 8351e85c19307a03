//! A member of staff who is signed in, for as long as the scenario needs.

use anyhow::{Context as _, Result};
use proto::portal_auth::v1::SignInStaffRequest;
use proto::portal_auth::v1::sign_in_service_client::SignInServiceClient;
use std::time::Duration;
use tokio::sync::watch;
use tonic::Request;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;

/// Tokens live ten minutes at most; a new one comes long before.
const RENEW_AFTER: Duration = Duration::from_secs(240);
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// A sign-in that is renewed in the background until the session is dropped.
#[derive(Debug, Clone)]
pub struct Session {
    bearer: watch::Receiver<AsciiMetadataValue>,
}

impl Session {
    /// Signs in.
    ///
    /// # Errors
    /// Refused or not reachable.
    pub async fn open(portal_auth: Channel, sign_in: SignInStaffRequest) -> Result<Self> {
        let mut client = SignInServiceClient::new(portal_auth);
        let first = bearer(&mut client, &sign_in).await?;
        let (sender, receiver) = watch::channel(first);
        tokio::spawn(async move {
            let mut pause = RENEW_AFTER;
            loop {
                tokio::select! {
                    () = sender.closed() => return,
                    () = tokio::time::sleep(pause) => {}
                }
                // An old token still serves while sign-in fails; when it ends, every request says so.
                pause = match bearer(&mut client, &sign_in).await {
                    Ok(fresh) => {
                        sender.send_replace(fresh);
                        RENEW_AFTER
                    }
                    Err(_) => TRY_AGAIN_AFTER,
                };
            }
        });
        Ok(Self { bearer: receiver })
    }

    /// A request of this person.
    pub fn request<T>(&self, message: T, timeout: Duration) -> Request<T> {
        let mut request = Request::new(message);
        request
            .metadata_mut()
            .insert("authorization", self.bearer.borrow().clone());
        request.set_timeout(timeout);
        request
    }
}

async fn bearer(
    client: &mut SignInServiceClient<Channel>,
    sign_in: &SignInStaffRequest,
) -> Result<AsciiMetadataValue> {
    let signed_in = client
        .sign_in_staff(sign_in.clone())
        .await
        .context("signing in")?
        .into_inner();
    format!("Bearer {}", signed_in.access_token)
        .parse()
        .context("a token that is no header")
}
