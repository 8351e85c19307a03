use super::ports::loopback;
use super::{Home, Options, Ports, Secrets};
use anyhow::{Context as _, Result};
use clock::Clock;
use stripe_sandbox::{Config, Running, Webhook};

/// The sandbox processor, unless there is a Stripe key. It keeps its book in the home, and reports to the gateway.
pub async fn start(
    options: &Options,
    home: &Home,
    secrets: &Secrets,
    ports: &Ports,
    clock: &Clock,
) -> Result<Option<Running>> {
    if options.stripe_secret_key.is_some() {
        return Ok(None);
    }
    let config = Config {
        listen: loopback(ports.processor),
        secret_key: secrets.sandbox_key.clone(),
        data: Some(home.processor()),
        webhook: Some(Webhook {
            url: format!(
                "http://127.0.0.1:{}/v1/webhooks/stripe/platform",
                ports.gateway
            ),
            secret: secrets.sandbox_webhook_secret.clone(),
        }),
        ..Config::new(clock.clone())
    };
    stripe_sandbox::start(config)
        .await
        .map(Some)
        .context("the sandbox processor")
}
