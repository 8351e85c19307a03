use super::ports::{SERVICES, loopback};
use super::{Options, Ports, Secrets};
use anyhow::{Context as _, Result, anyhow};
use clock::Clock;
use pg::PgConfig;
use secrecy::SecretString;
use sqlx::migrate::Migrator;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Connections to Postgres of each service, beside its feed's four; all fit into the private server's 200.
const CONNECTIONS: u32 = 16;

/// What the services are made of.
pub struct Wiring<'a> {
    /// The operator's choices.
    pub options: &'a Options,
    /// Keys and passwords.
    pub secrets: &'a Secrets,
    /// Where they listen.
    pub ports: &'a Ports,
    /// The database as its owner.
    pub database: &'a str,
}

/// The five services, each a task of this process.
pub struct Services {
    tasks: JoinSet<(&'static str, Result<()>)>,
    stop: CancellationToken,
}

/// Every schema and its migrations.
pub fn schemas() -> [(&'static str, &'static str, &'static Migrator); 5] {
    [
        ("billing", billing::SCHEMA, &billing::MIGRATOR),
        ("payments", payments::SCHEMA, &payments::MIGRATOR),
        ("portal-auth", portal_auth::SCHEMA, &portal_auth::MIGRATOR),
        (
            "notifications",
            notifications::SCHEMA,
            &notifications::MIGRATOR,
        ),
        ("reporting", reporting::SCHEMA, &reporting::MIGRATOR),
    ]
}

/// Brings the five schemas to this version, each with its role and that role's password.
///
/// # Errors
/// The database cannot be reached, or a migration fails: its schema is named.
pub async fn migrate(database: &str, secrets: &Secrets) -> Result<()> {
    for (service, schema, migrator) in schemas() {
        let password = secrets.database_passwords.get(service).map(String::as_str);
        pg::migrate(database, schema, migrator, password)
            .await
            .with_context(|| format!("migrate {schema}"))?;
    }
    Ok(())
}

/// Starts all five: portal-auth first, whose keys the others check tokens with.
///
/// # Errors
/// A setting that cannot be (the database's URL, a missing secret), or portal-auth does not start.
pub async fn start(wiring: &Wiring<'_>, clock: &Clock) -> Result<Services> {
    let mut services = Services {
        tasks: JoinSet::new(),
        stop: CancellationToken::new(),
    };
    let (billing, payments) = (wiring.billing()?, wiring.payments()?);
    let (portal_auth, notifications, reporting) = (
        wiring.portal_auth()?,
        wiring.notifications()?,
        wiring.reporting()?,
    );
    let c = || clock.clone();
    services.spawn("portal-auth", |stop| {
        portal_auth::run(portal_auth, c(), stop)
    });
    let (http, keys) = (
        http()?,
        format!("http://{}/readyz", wiring.ports.admin("portal-auth")),
    );
    tokio::select! {
        error = services.ended() => return Err(error),
        () = until_ok(&http, &keys) => {}
    }
    services.spawn("billing", |stop| billing::run(billing, c(), stop));
    services.spawn("payments", |stop| payments::run(payments, c(), stop));
    services.spawn("notifications", |stop| {
        notifications::run(notifications, c(), stop)
    });
    services.spawn("reporting", |stop| reporting::run(reporting, c(), stop));
    Ok(services)
}

impl Services {
    fn spawn<F>(
        &mut self,
        name: &'static str,
        run: impl FnOnce(tokio_util::sync::WaitForCancellationFutureOwned) -> F,
    ) where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let running = run(self.stop.clone().cancelled_owned());
        self.tasks.spawn(async move { (name, running.await) });
    }

    /// Waits until one ends by itself, which is an error; never comes back when all run on.
    pub async fn ended(&mut self) -> anyhow::Error {
        match self.tasks.join_next().await {
            Some(Ok((name, Ok(())))) => anyhow!("{name} ended"),
            Some(Ok((name, Err(error)))) => error.context(format!("{name} failed")),
            Some(Err(error)) => anyhow!(error).context("a service panicked"),
            None => std::future::pending().await,
        }
    }

    /// Drains all.
    ///
    /// # Errors
    /// The first that did not end well.
    pub async fn stop(mut self) -> Result<()> {
        self.stop.cancel();
        let mut first = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            let result = match ended {
                Ok((name, result)) => result.with_context(|| format!("{name} did not stop well")),
                Err(error) => Err(anyhow!(error).context("a service panicked")),
            };
            if first.is_ok() {
                first = result;
            }
        }
        first
    }
}

impl Wiring<'_> {
    fn pg(&self, service: &str) -> Result<PgConfig> {
        let schema = service.replace('-', "_");
        let mut url = reqwest::Url::parse(self.database).context("the database's URL")?;
        let password = self
            .secrets
            .database_passwords
            .get(service)
            .context("no database password")?;
        let named = url
            .set_username(&format!("evenkeel_{schema}"))
            .and_then(|()| url.set_password(Some(password)));
        named.map_err(|()| anyhow!("the database's URL cannot carry a user"))?;
        Ok(PgConfig::new(url.to_string()).with_connections(CONNECTIONS))
    }

    fn suite(&self, service: &str) -> Result<rpc::SuiteConfig> {
        let secret = self
            .secrets
            .service_secrets
            .get(service)
            .context("no service secret")?;
        Ok(rpc::SuiteConfig {
            portal_auth_url: self.ports.url("portal-auth"),
            jwks_url: format!("http://{}/jwks.json", self.ports.admin("portal-auth")),
            service_secret: SecretString::from(secret.clone()),
        })
    }

    /// The portal's pages come with a later version; until then the link names the gateway.
    fn pay_page_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.gateway)
    }

    fn page_secret(&self) -> SecretString {
        SecretString::from(self.secrets.page_secret.clone())
    }

    fn billing(&self) -> Result<billing::Config> {
        Ok(billing::Config {
            pg: self.pg("billing")?,
            suite: self.suite("billing")?,
            listen: self.ports.grpc("billing"),
            admin: self.ports.admin("billing"),
            payments_url: self.ports.url("payments"),
            pay_page_url: format!("http://127.0.0.1:{}", self.ports.gateway),
            page_secret: self.page_secret(),
            verify: pg::verify::RoundsConfig::default(),
            drain_notice_ms: 0,
        })
    }

    fn portal_auth(&self) -> Result<portal_auth::Config> {
        let secrets: Vec<String> = self
            .secrets
            .service_secrets
            .iter()
            .map(|(name, secret)| format!("{name}={secret}"))
            .collect();
        Ok(portal_auth::Config {
            pg: self.pg("portal-auth")?,
            listen: self.ports.grpc("portal-auth"),
            admin: self.ports.admin("portal-auth"),
            master_key: SecretString::from(self.secrets.master_key.clone()),
            setup_token: Some(SecretString::from(self.secrets.setup_token.clone())),
            service_secrets: SecretString::from(secrets.join(",")),
            billing_url: self.ports.url("billing"),
            drain_notice_ms: 0,
        })
    }

    /// The real processor with the operator's key, otherwise the sandbox.
    fn payments(&self) -> Result<payments::Config> {
        let real = self.options.stripe_secret_key.clone();
        let sandbox = real
            .is_none()
            .then(|| format!("http://{}", loopback(self.ports.processor)));
        let webhook_secret = match &real {
            Some(_) => self.options.stripe_webhook_secret.clone(),
            None => Some(self.secrets.sandbox_webhook_secret.clone()),
        };
        Ok(payments::Config {
            pg: self.pg("payments")?,
            suite: self.suite("payments")?,
            listen: self.ports.grpc("payments"),
            admin: self.ports.admin("payments"),
            billing_url: self.ports.url("billing"),
            processor_url: sandbox,
            processor_key: SecretString::from(
                real.unwrap_or_else(|| self.secrets.sandbox_key.clone()),
            ),
            webhook_secrets: webhook_secret
                .iter()
                .flat_map(|secrets| secrets.split(','))
                .map(SecretString::from)
                .collect(),
            connect_required: self.options.connect_required,
            dashboard_url: None,
            timing: payments::Timing::default(),
            page_secret: self.page_secret(),
            verify: pg::verify::RoundsConfig::default(),
            drain_notice_ms: 0,
        })
    }

    fn notifications(&self) -> Result<notifications::Config> {
        let sink = format!("smtp://{}", loopback(self.ports.smtp));
        Ok(notifications::Config {
            pg: self.pg("notifications")?,
            suite: self.suite("notifications")?,
            listen: self.ports.grpc("notifications"),
            admin: self.ports.admin("notifications"),
            billing_url: self.ports.url("billing"),
            payments_url: self.ports.url("payments"),
            smtp_url: SecretString::from(self.options.smtp_url.clone().unwrap_or(sink)),
            pay_page_url: self.pay_page_url(),
            page_secret: self.page_secret(),
            drain_notice_ms: 0,
            delivery: notifications::DeliveryConfig::default(),
        })
    }

    fn reporting(&self) -> Result<reporting::Config> {
        Ok(reporting::Config {
            pg: self.pg("reporting")?,
            suite: self.suite("reporting")?,
            listen: self.ports.grpc("reporting"),
            admin: self.ports.admin("reporting"),
            billing_url: self.ports.url("billing"),
            page_secret: self.page_secret(),
            drain_notice_ms: 0,
        })
    }
}

/// Waits until every service says it is ready, and the gateway knows the token keys and all services.
///
/// # Errors
/// The HTTP client cannot be made.
pub async fn all_ready(ports: &Ports) -> Result<()> {
    let http = http()?;
    for service in SERVICES {
        until_ok(&http, &format!("http://{}/readyz", ports.admin(service))).await;
    }
    until_ok(
        &http,
        &format!("http://{}/ready", loopback(ports.gateway_admin)),
    )
    .await;
    gateway_knows_services(&http, ports).await;
    Ok(())
}

fn http() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .timeout(Duration::from_secs(2))
        .no_proxy()
        .build()?)
}

async fn until_ok(http: &reqwest::Client, url: &str) {
    while !http
        .get(url)
        .send()
        .await
        .is_ok_and(|answer| answer.status().is_success())
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// An unknown sign-in is refused by portal-auth, not by the gateway, once the gateway sees it as healthy.
async fn gateway_knows_services(http: &reqwest::Client, ports: &Ports) {
    let url = format!(
        "http://{}/clusters?format=json",
        loopback(ports.gateway_admin)
    );
    loop {
        if let Ok(answer) = http.get(&url).send().await
            && let Ok(text) = answer.text().await
            && !text.contains("\"failed_active_health_check\": true")
            && !text.contains("\"pending_active_hc\": true")
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
