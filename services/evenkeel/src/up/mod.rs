//! `evenkeel up`: the whole suite on this machine. A private Postgres (or the one of `DATABASE_URL`), the five services
//! in this process, each on its own port, Envoy before them, a sandbox processor when there are no Stripe keys, and a mail
//! sink when there is no mail server. What is started here is stopped here.

mod envoy;
mod home;
mod leftover;
mod ports;
pub mod postgres;
mod processor;
mod secrets;
mod services;
mod table;

pub use home::Home;
pub use ports::Ports;
pub use secrets::Secrets;
pub use services::{migrate, schemas};

use anyhow::{Context as _, Result};
use clap::Args;
use clock::Clock;
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long everything may take to become ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// What an operator may choose.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where browsers and programs come in: the gateway's port.
    #[arg(long, env = "EVENKEEL_PORT", default_value_t = 8080)]
    pub port: u16,
    /// The first of the twenty ports behind the gateway.
    #[arg(long, env = "EVENKEEL_INNER_PORTS", default_value_t = 7100)]
    pub inner_ports: u16,
    /// Folder of the data, keys, mails and logs.
    #[arg(long, env = "EVENKEEL_HOME", default_value = ".evenkeel")]
    pub home: PathBuf,
    /// Folder with the programs postgres and initdb.
    #[arg(long, env = "EVENKEEL_PG_BIN")]
    pub pg_bin: Option<PathBuf>,
    /// Whom Postgres runs as when we are root.
    #[arg(long, env = "EVENKEEL_PG_USER")]
    pub pg_user: Option<String>,
    /// The program envoy.
    #[arg(long, env = "EVENKEEL_ENVOY", default_value = "envoy")]
    pub envoy: PathBuf,
    /// A database of your own, with a login that may create schemas and roles; without it a private one is started.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Your Stripe secret key; without it the sandbox processor is started.
    #[arg(long, env = "STRIPE_SECRET_KEY", hide_env_values = true)]
    pub stripe_secret_key: Option<String>,
    /// Signing secrets of your Stripe webhook endpoints, by comma: of your own account's, and of connected accounts'.
    #[arg(
        long,
        env = "STRIPE_WEBHOOK_SECRET",
        hide_env_values = true,
        requires = "stripe_secret_key"
    )]
    pub stripe_webhook_secret: Option<String>,
    /// Online payments need a Stripe account of the practice's own; without it, a practice that has connected none is paid
    /// on yours.
    #[arg(long, env = "PAYMENTS_CONNECT_REQUIRED")]
    pub connect_required: bool,
    /// Your mail server, `smtp://user:password@host:port`; without it a mail sink is started.
    #[arg(long, env = "SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// Requests a second from one network address.
    #[arg(long, default_value_t = 2_000)]
    pub requests_per_second: u32,
}

/// A running suite.
pub struct Suite {
    /// `http://127.0.0.1:8080`.
    pub gateway_url: String,
    /// Its files.
    pub home: Home,
    /// Its keys and passwords.
    pub secrets: Secrets,
    /// Where everything listens.
    pub ports: Ports,
    parts: Vec<table::Part>,
    services: services::Services,
    envoy: envoy::Envoy,
    processor: Option<stripe_sandbox::Running>,
    mail_sink: Option<mail_sink::MailSink>,
    postgres: Option<postgres::Postgres>,
}

/// Starts the suite and returns when it is ready.
///
/// # Errors
/// A port that is taken, another `up` in the same home, a program that is missing: each names itself and the mend.
pub async fn start(options: Options, clock: Clock) -> Result<Suite> {
    let home = Home::open(&options.home)?;
    leftover::end(&home).await?;
    let ports = Ports::new(options.port, options.inner_ports)?;
    let elsewhere = [
        options.stripe_secret_key.as_ref().map(|_| ports.processor),
        options.smtp_url.as_ref().map(|_| ports.smtp),
        options.database_url.as_ref().map(|_| ports.postgres),
    ];
    ports.check(&elsewhere.into_iter().flatten().collect::<Vec<_>>())?;
    if options.stripe_secret_key.is_some() && options.stripe_webhook_secret.is_none() {
        anyhow::bail!(
            "STRIPE_SECRET_KEY needs STRIPE_WEBHOOK_SECRET, the signing secret of your webhook endpoint: \
            without it nothing that Stripe reports could be believed"
        );
    }
    let secrets = Secrets::load_or_make(&home, &clock)?;

    let postgres = match &options.database_url {
        Some(_) => None,
        None => Some(
            postgres::start(&options, &home, &secrets, ports.postgres)
                .await
                .context("Postgres")?,
        ),
    };
    let database = match (&options.database_url, &postgres) {
        (Some(url), _) => url.clone(),
        (None, Some(postgres)) => postgres.url().to_owned(),
        (None, None) => anyhow::bail!("there is no database"),
    };
    services::migrate(&database, &secrets).await?;

    let mail_sink = match options.smtp_url {
        Some(_) => None,
        None => Some(mail_sink::start(ports::loopback(ports.smtp), home.mails()).await?),
    };
    let processor = processor::start(&options, &home, &secrets, &ports, &clock).await?;
    let wiring = services::Wiring {
        options: &options,
        secrets: &secrets,
        ports: &ports,
        database: &database,
    };
    let services = services::start(&wiring, &clock).await?;
    let envoy = envoy::start(&options, &home, &ports).await?;
    let mut suite = Suite {
        gateway_url: format!("http://127.0.0.1:{}", ports.gateway),
        parts: table::parts(&options, &ports, &home),
        home,
        secrets,
        ports,
        services,
        envoy,
        processor,
        mail_sink,
        postgres,
    };
    match tokio::time::timeout(READY_WITHIN, suite.ready()).await {
        Ok(Ok(())) => Ok(suite),
        Ok(Err(error)) => Err(suite.give_up(error).await),
        Err(_) => Err(suite
            .give_up(anyhow::anyhow!(
                "not ready within {} s",
                READY_WITHIN.as_secs()
            ))
            .await),
    }
}

impl Suite {
    async fn ready(&mut self) -> Result<()> {
        tokio::select! {
            ended = self.services.ended() => Err(ended),
            ended = self.envoy.ended() => Err(ended),
            ready = services::all_ready(&self.ports) => ready,
        }
    }

    /// What runs where, and how to sign in.
    pub fn table(&self) -> String {
        table::render(self, &self.parts)
    }

    /// Runs until `stop`, or until a part ends that should not; then stops everything, the outermost first.
    ///
    /// # Errors
    /// A part ended by itself.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<()> {
        let ended = tokio::select! {
            () = stop => None,
            error = self.services.ended() => Some(error),
            error = self.envoy.ended() => Some(error),
        };
        self.stop().await?;
        match ended {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Stops everything, the outermost first, so that nothing is asked of what is gone.
    ///
    /// # Errors
    /// A part did not end well.
    pub async fn stop(self) -> Result<()> {
        self.envoy.stop().await;
        let services = self.services.stop().await;
        if let Some(processor) = self.processor {
            processor.shutdown().await;
        }
        if let Some(mail_sink) = self.mail_sink {
            mail_sink.stop().await;
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await?;
        }
        services
    }

    async fn give_up(self, error: anyhow::Error) -> anyhow::Error {
        if let Err(also) = self.stop().await {
            tracing::error!(error = %also, "stopping failed too");
        }
        error
    }
}

/// Cancelled by Ctrl-C or SIGTERM.
pub fn terminated() -> CancellationToken {
    let token = CancellationToken::new();
    let heard = token.clone();
    tokio::spawn(async move {
        if rpc::terminated().await.is_ok() {
            heard.cancel();
        }
    });
    token
}
