//! What is measured: the suite with a Postgres of its own, in a home that is gone afterwards.

use crate::frame::until_stopped;
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use clock::Clock;
use evenkeel::up::{self, Home, Ports, Secrets, Suite, postgres};
use reqwest::Url;
use sqlx::{Connection as _, PgConnection};
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Behind the gateway the suite needs twenty ports in a row.
const PORTS: u16 = 20;
/// Where they are looked for: below what systems give to outgoing connections.
const PORT_RANGE: std::ops::Range<u16> = 17_100..32_000;
/// Nobody is measured through the gateway; it may not stand in the way of seeding either.
const GATEWAY_REQUESTS_PER_SECOND: u32 = 100_000;

/// Where the programs are and where data may lie. `./dev load` says it all.
#[derive(Debug, Clone, Args)]
pub struct StageOptions {
    /// Folder for a temporary home. It decides which disk is measured: not a tmpfs, where fsync costs nothing.
    #[arg(long, env = "EVENKEEL_HOME", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../.evenkeel"))]
    pub home: PathBuf,
    /// Folder with the programs postgres and initdb.
    #[arg(
        long,
        env = "EVENKEEL_PG_BIN",
        default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../.evenkeel/tools/pg/native/bin")
    )]
    pub pg_bin: PathBuf,
    /// Whom Postgres runs as when we are root.
    #[arg(long, env = "EVENKEEL_PG_USER")]
    pub pg_user: Option<String>,
    /// The program envoy: the suite does not start without it, but nothing is measured through it.
    #[arg(
        long,
        env = "EVENKEEL_ENVOY",
        default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../.evenkeel/tools/envoy/envoy")
    )]
    pub envoy: PathBuf,
    /// A server of your own to measure, as its superuser. The five schemas are made in this database and stay; the
    /// baseline gets another database, which goes. Without it a private server is started.
    #[arg(long, hide_env_values = true)]
    pub database_url: Option<String>,
}

impl StageOptions {
    /// An empty home that Postgres' user can pass through.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn temporary_home(&self) -> Result<TempDir> {
        fs::create_dir_all(&self.home)
            .with_context(|| format!("{} cannot be made", self.home.display()))?;
        let home = tempfile::Builder::new()
            .prefix("load-")
            .tempdir_in(&self.home)?;
        fs::set_permissions(home.path(), Permissions::from_mode(0o711))?;
        Ok(home)
    }

    /// The suite's settings for a home. Keys and addresses of the environment are left out on purpose: no load test
    /// reaches a processor or mail server that is real.
    ///
    /// # Errors
    /// No free ports.
    pub fn up(&self, home: &Path) -> Result<up::Options> {
        let (gateway, first) = free_ports()?;
        Ok(up::Options {
            port: gateway,
            inner_ports: first,
            home: home.to_owned(),
            pg_bin: Some(self.pg_bin.clone()),
            pg_user: self.pg_user.clone(),
            envoy: self.envoy.clone(),
            database_url: self.database_url.clone(),
            stripe_secret_key: None,
            stripe_webhook_secret: None,
            connect_required: false,
            smtp_url: None,
            requests_per_second: GATEWAY_REQUESTS_PER_SECOND,
        })
    }

    /// Has `measure` work with a private server, by its URL and the suite's secrets, beside which no service runs. For
    /// scenarios that copy databases.
    ///
    /// # Errors
    /// The server does not start, or was to be another; `measure` fails or is stopped.
    pub async fn on_server<T>(
        &self,
        clock: &Clock,
        measure: impl AsyncFnOnce(&str, &Secrets) -> Result<T>,
    ) -> Result<T> {
        let folder = self.temporary_home()?;
        let up = self.up(folder.path())?;
        if up.database_url.is_some() {
            bail!("this scenario copies databases: it runs on the private server only");
        }
        let home = Home::open(&up.home)?;
        let secrets = Secrets::load_or_make(&home, clock)?;
        let ports = Ports::new(up.port, up.inner_ports)?;
        let server = postgres::start(&up, &home, &secrets, ports.postgres)
            .await
            .context("Postgres")?;
        let measured = until_stopped(measure(server.url(), &secrets)).await;
        server.stop().await?;
        measured
    }
}

/// The database's address with the login of a service.
///
/// # Errors
/// The address is none, or the service has no password.
pub fn as_service(database_url: &str, secrets: &Secrets, service: &str) -> Result<String> {
    let password = secrets.database_passwords.get(service);
    let password = password.context("a secret is missing")?;
    let mut url = Url::parse(database_url)?;
    let named = url
        .set_username(&format!("evenkeel_{}", service.replace('-', "_")))
        .and_then(|()| url.set_password(Some(password)));
    named.map_err(|()| anyhow!("the database's URL cannot carry a user"))?;
    Ok(url.to_string())
}

/// The gateway's port and the first of those behind it, all free a moment ago.
///
/// # Errors
/// There are none.
fn free_ports() -> Result<(u16, u16)> {
    let gateway = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    for first in PORT_RANGE.step_by(usize::from(PORTS)) {
        if Ports::new(gateway, first)?.check(&[]).is_ok() {
            return Ok((gateway, first));
        }
    }
    bail!("there are no {PORTS} free ports in a row in {PORT_RANGE:?}")
}

/// The running suite.
pub struct Stage {
    /// The suite.
    pub suite: Suite,
    /// Its database as its owner.
    pub database_url: String,
    _home: TempDir,
}

impl Stage {
    /// Starts everything and returns when it is ready.
    ///
    /// # Errors
    /// See [`up::start`].
    pub async fn start(options: &StageOptions, clock: &Clock) -> Result<Self> {
        let home = options.temporary_home()?;
        let suite = up::start(options.up(home.path())?, clock.clone())
            .await
            .context("the suite")?;
        let private = || {
            let password = &suite.secrets.postgres_password;
            format!(
                "postgres://postgres:{password}@127.0.0.1:{}/postgres",
                suite.ports.postgres
            )
        };
        let database_url = options.database_url.clone().unwrap_or_else(private);
        Ok(Self {
            suite,
            database_url,
            _home: home,
        })
    }

    /// Has the database count its tables, as autovacuum does of itself within minutes, and as the baseline's are counted:
    /// plans that were made of empty tables are made anew.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn analyze(&self) -> Result<()> {
        let mut connection = PgConnection::connect(&self.database_url).await?;
        sqlx::raw_sql("analyze").execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// Stops everything; the home goes.
    ///
    /// # Errors
    /// A part did not end well.
    pub async fn stop(self) -> Result<()> {
        self.suite.stop().await.context("stopping the suite")
    }
}
