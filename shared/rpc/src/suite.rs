//! How a service of the suite finds portal-auth: to verify what others show, and to get what it shows to others.

use crate::client::{Connection, connect};
use crate::keys::Keys;
use crate::retry::Retry;
use crate::service_token::{ServiceToken, Token};
use crate::token::Verifier;
use clock::Clock;
use proto::portal_auth::v1::IssueServiceTokenRequest;
use proto::portal_auth::v1::sign_in_service_client::SignInServiceClient;
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use tonic::Status;

/// Where portal-auth is, and the service's own credentials with it.
#[derive(Debug, Clone, clap::Args)]
pub struct SuiteConfig {
    /// portal-auth's gRPC address.
    #[arg(long, env = "PORTAL_AUTH_URL", default_value = "http://127.0.0.1:7103")]
    pub portal_auth_url: String,
    /// Where portal-auth publishes the keys that tokens are verified with.
    #[arg(
        long,
        env = "JWKS_URL",
        default_value = "http://127.0.0.1:7203/jwks.json"
    )]
    pub jwks_url: String,
    /// This service's secret with portal-auth.
    #[arg(long, env = "SERVICE_SECRET", hide_env_values = true)]
    pub service_secret: SecretString,
}

impl SuiteConfig {
    /// Verifies tokens with portal-auth's published keys.
    #[must_use]
    pub fn verifier(&self, clock: &Clock) -> Arc<Verifier> {
        Arc::new(Verifier::new(Keys::remote(&self.jwks_url), clock.clone()))
    }

    /// The token that `service` shows to others, renewed before it ends.
    ///
    /// # Errors
    /// portal-auth's address is no URL.
    pub fn token(
        &self,
        service: &'static str,
        clock: &Clock,
    ) -> Result<ServiceToken, tonic::transport::Error> {
        let portal_auth = connect(&self.portal_auth_url, ServiceToken::none())?;
        let (retry, secret) = (Retry::new(), self.service_secret.clone());
        Ok(ServiceToken::fetched(clock.clone(), move || {
            let (portal_auth, retry, secret) = (portal_auth.clone(), retry.clone(), secret.clone());
            async move {
                retry
                    .run(|| fetch(portal_auth.clone(), service, secret.clone()))
                    .await
            }
        }))
    }
}

async fn fetch(
    portal_auth: Connection,
    service: &'static str,
    secret: SecretString,
) -> Result<Token, Status> {
    let request = IssueServiceTokenRequest {
        client_id: service.to_owned(),
        client_secret: secret.expose_secret().to_owned(),
    };
    let issued = SignInServiceClient::new(portal_auth)
        .issue_service_token(request)
        .await?
        .into_inner();
    let expire_time = crate::parse::time(issued.expire_time, "expire_time")?;
    Ok(Token {
        value: issued.access_token,
        expire_time,
    })
}
