//! The commands of the binary, one function each.

use crate::demo;
use crate::gateway::{Gateway, Upstream};
use crate::up::{self, Home, Ports, Secrets};
use anyhow::{Context as _, Result};
use clap::Args;
use clock::Clock;
use std::path::{Path, PathBuf};

/// What `demo` may be told.
#[derive(Debug, Clone, Args)]
pub struct DemoOptions {
    /// How the suite is started when it is not up, and where it is when it is.
    #[command(flatten)]
    pub up: up::Options,
    /// Folder of the CSV files.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/demo-data/synthea"))]
    pub files: PathBuf,
    /// The program that computes the expected figures straight from the files.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/demo-check/expected.py"))]
    pub checker: PathBuf,
    /// Also share this bill by e-mail, whatever is due on it: its Invoice # or its number. May be given several times.
    #[arg(long, value_name = "BILL")]
    pub share: Vec<String>,
}

/// What `migrate` needs.
#[derive(Debug, Clone, Args)]
pub struct MigrateOptions {
    /// The database, with a login that may create schemas and roles.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Folder whose secrets.json has the roles' passwords; it is made when missing.
    #[arg(long, env = "EVENKEEL_HOME", default_value = ".evenkeel")]
    pub home: PathBuf,
}

/// What `gateway` may be told; the defaults are Kubernetes'.
#[derive(Debug, Clone, Args)]
pub struct GatewayOptions {
    /// Domain of the services: `billing.evenkeel.svc` is `billing` in it.
    #[arg(long, default_value = "evenkeel.svc.cluster.local")]
    pub domain: String,
    /// Web pages that may call, exact origins.
    #[arg(long)]
    pub origin: Vec<String>,
    /// Requests a second from one network address.
    #[arg(long, default_value_t = 50)]
    pub requests_per_second: u32,
    /// Proxies of yours before the gateway, such as a load balancer.
    #[arg(long, default_value_t = 0)]
    pub trusted_hops: u32,
    /// Write envoy.json and the descriptor set that it names into this folder, as k8s/base/gateway does, and print nothing.
    #[arg(long)]
    pub folder: Option<PathBuf>,
}

/// Runs the suite until Ctrl-C.
///
/// # Errors
/// See [`up::start`].
pub async fn up(options: up::Options, clock: Clock) -> Result<()> {
    let stop = up::terminated();
    let starting = stop.run_until_cancelled(up::start(options, clock));
    let Some(suite) = starting.await.transpose()? else {
        return Ok(());
    };
    println!("{}", suite.table());
    suite.run(stop.cancelled()).await
}

/// Does the main job; starts the suite when no other process runs it from this home.
///
/// # Errors
/// See [`demo::run`] and [`up::start`].
pub async fn demo(options: DemoOptions, clock: Clock) -> Result<()> {
    let stop = up::terminated();
    if options.up.stripe_secret_key.is_some() || options.up.smtp_url.is_some() {
        anyhow::bail!(
            "the demo plays with made-up people: unset STRIPE_SECRET_KEY and SMTP_URL for it"
        );
    }
    if Home::is_taken(&options.up.home)? {
        return run_demo(&options, &options.up.home, clock).await;
    }
    let home = options.up.home.clone();
    let starting = up::start(options.up.clone(), clock.clone());
    let Some(suite) = stop.run_until_cancelled(starting).await.transpose()? else {
        return Ok(());
    };
    let done = stop
        .run_until_cancelled(Box::pin(run_demo(&options, &home, clock)))
        .await;
    suite.stop().await?;
    done.unwrap_or_else(|| Err(anyhow::anyhow!("stopped")))
}

async fn run_demo(options: &DemoOptions, home: &Path, clock: Clock) -> Result<()> {
    let home = home.canonicalize()?;
    let text = std::fs::read_to_string(home.join("secrets.json")).context("secrets.json")?;
    let secrets: Secrets = serde_json::from_str(&text)?;
    let time_zones = options
        .up
        .pg_bin
        .as_ref()
        .and_then(|bin| {
            bin.parent()
                .map(|native| native.join("share/postgresql/timezone"))
        })
        .filter(|folder| folder.is_dir());
    demo::run(demo::Options {
        gateway: format!("http://127.0.0.1:{}", options.up.port),
        setup_token: Some(secrets.setup_token),
        files: options.files.clone(),
        checker: options.checker.clone(),
        mails: home.join("mail"),
        documents: home.join("demo"),
        share: options.share.clone(),
        time_zones,
        clock,
    })
    .await
}

/// Migrates and says so.
///
/// # Errors
/// See [`up::migrate`].
pub async fn migrate(options: &MigrateOptions, clock: &Clock) -> Result<()> {
    let home = Home::open(&options.home)?;
    let secrets = Secrets::load_or_make(&home, clock)?;
    up::migrate(&options.database_url, &secrets).await?;
    println!("five schemas are at this version");
    Ok(())
}

/// Prints the gateway's configuration for Kubernetes, or writes it with its descriptor set into a folder.
///
/// # Errors
/// It cannot be written.
pub fn gateway(options: &GatewayOptions) -> Result<()> {
    let config =
        serde_json::to_string_pretty(&kubernetes(options).render(&proto::DESCRIPTOR_POOL))?;
    let Some(folder) = &options.folder else {
        println!("{config}");
        return Ok(());
    };
    std::fs::write(folder.join("envoy.json"), config).context("envoy.json")?;
    std::fs::write(folder.join("evenkeel.binpb"), proto::DESCRIPTOR_SET).context("evenkeel.binpb")
}

/// The gateway as k8s/base runs it: every service on 7100 and its admin page on 7200, found by headless names.
pub fn kubernetes(options: &GatewayOptions) -> Gateway {
    let upstream = |name: &str, port| Upstream {
        name: name.to_owned(),
        host: format!("{name}.{}", options.domain),
        port,
    };
    let jwks = Upstream {
        name: "jwks".to_owned(),
        ..upstream("portal-auth", 7200)
    };
    Gateway {
        listen: ([0, 0, 0, 0], 8080).into(),
        admin: ([127, 0, 0, 1], 9901).into(),
        descriptor_set: PathBuf::from("/etc/envoy/evenkeel.binpb"),
        upstreams: Ports::services().map(|name| upstream(name, 7100)).collect(),
        jwks,
        origins: options.origin.clone(),
        requests_per_second: options.requests_per_second,
        trusted_hops: options.trusted_hops,
        access_log: "/dev/stdout".to_owned(),
    }
}
