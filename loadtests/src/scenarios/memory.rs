//! Resident memory of each service as a process of its own, at rest: followers connected, nothing asked.

use crate::stage::{StageOptions, as_service};
use crate::{progress, resident};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use clock::Clock;
use evenkeel::up::{self, Home, Ports, Secrets, postgres};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// At rest a service may have so much, and should have so little.
const REQUIRED_MIB: f64 = 64.0;
const AIM_MIB: f64 = 32.0;
const READY_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

/// What may be chosen.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where programs and data are.
    #[command(flatten)]
    pub stage: StageOptions,
    /// How long the services rest before they are looked at.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Folder of the five programs; otherwise the one this program is in.
    #[arg(long)]
    pub programs: Option<PathBuf>,
}

/// A service that runs.
struct Running {
    service: &'static str,
    child: Child,
    log: PathBuf,
}

/// Starts the five programs on a server of their own, lets them rest and looks.
///
/// # Errors
/// A program is missing or does not become ready.
pub async fn run(options: &Options, clock: &Clock) -> Result<()> {
    let programs = match &options.programs {
        Some(folder) => folder.clone(),
        None => std::env::current_exe()?
            .parent()
            .context("this program is in no folder")?
            .to_owned(),
    };
    for service in Ports::services() {
        if !programs.join(service).is_file() {
            bail!(
                "{} is missing: build it first, cargo build --release -p {service}",
                programs.join(service).display()
            );
        }
    }
    let folder = options.stage.temporary_home()?;
    let up = options.stage.up(folder.path())?;
    let home = Home::open(&up.home)?;
    let secrets = Secrets::load_or_make(&home, clock)?;
    let ports = Ports::new(up.port, up.inner_ports)?;
    let server = match &up.database_url {
        Some(_) => None,
        None => Some(
            postgres::start(&up, &home, &secrets, ports.postgres)
                .await
                .context("Postgres")?,
        ),
    };
    let stop = up::terminated();
    let database_url = match (&up.database_url, &server) {
        (Some(url), _) => url.clone(),
        (None, Some(server)) => server.url().to_owned(),
        (None, None) => bail!("there is no database"),
    };
    let measured = stop.run_until_cancelled(async {
        up::migrate(&database_url, &secrets).await?;
        let suite = Wiring {
            ports: &ports,
            secrets: &secrets,
            database_url: &database_url,
        };
        let mut running = Vec::new();
        for service in Ports::services() {
            running.push(suite.start(service, &programs, &home)?);
        }
        let measured = measure(options, &ports, &mut running).await;
        for one in &mut running {
            one.child.kill().await?;
        }
        measured
    });
    let measured = measured.await;
    if let Some(server) = server {
        server.stop().await?;
    }
    print!("{}", table(&measured.context("stopped")??, options.seconds));
    Ok(())
}

async fn measure(
    options: &Options,
    ports: &Ports,
    running: &mut [Running],
) -> Result<Vec<(&'static str, u64)>> {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(2))
        .no_proxy()
        .build()?;
    let end = Instant::now() + READY_WITHIN;
    for one in running.iter_mut() {
        let url = format!("http://{}/readyz", ports.admin(one.service));
        while !http
            .get(&url)
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            if let Some(status) = one.child.try_wait()? {
                let said = fs::read_to_string(&one.log).unwrap_or_default();
                bail!("{} ended ({status}): {said}", one.service);
            }
            if Instant::now() > end {
                bail!(
                    "{} is not ready within {} s",
                    one.service,
                    READY_WITHIN.as_secs()
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }
    let rest = Duration::from_secs(options.seconds);
    progress::timed("services at rest", rest, tokio::time::sleep(rest)).await;
    running
        .iter()
        .map(|one| Ok((one.service, resident_kib(one)?)))
        .collect()
}

/// What Linux says of the process.
fn resident_kib(running: &Running) -> Result<u64> {
    let id = running
        .child
        .id()
        .ok_or_else(|| anyhow!("{} has ended", running.service))?;
    resident::kib(&id.to_string())
}

fn table(measured: &[(&str, u64)], seconds: u64) -> String {
    let mut text = format!(
        "\n  Resident memory at rest, after {seconds} s\n\n  {:<16} {:>8}\n",
        "service", "MiB"
    );
    for (service, kib) in measured {
        let mib = *kib as f64 / 1_024.0;
        let verdict = match mib {
            mib if mib <= AIM_MIB => "as aimed at",
            mib if mib <= REQUIRED_MIB => "as required",
            _more => "MORE than required",
        };
        text += &format!("  {service:<16} {mib:>8.1}  {verdict}\n");
    }
    text += &format!("\n  Required: {REQUIRED_MIB} MiB each, aim: {AIM_MIB} MiB.\n");
    if cfg!(debug_assertions) {
        text += "  This is a debug build: its figures say nothing. Run with --release.\n";
    }
    text
}

/// How the five find each other and the database.
struct Wiring<'a> {
    ports: &'a Ports,
    secrets: &'a Secrets,
    database_url: &'a str,
}

impl Wiring<'_> {
    fn start(&self, service: &'static str, programs: &Path, home: &Home) -> Result<Running> {
        let path = home.log(service);
        let log = fs::File::create(&path)?;
        let child = Command::new(programs.join(service))
            .envs(self.environment(service)?)
            .current_dir(home.folder())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| service.to_owned())?;
        Ok(Running {
            service,
            child,
            log: path,
        })
    }

    fn environment(&self, service: &str) -> Result<BTreeMap<String, String>> {
        let upper = service.replace('-', "_").to_uppercase();
        let own =
            |of: &BTreeMap<String, String>| of.get(service).cloned().context("a secret is missing");
        let database_url = as_service(self.database_url, self.secrets, service)?;
        let secrets = self
            .secrets
            .service_secrets
            .iter()
            .map(|(name, secret)| format!("{name}={secret}"));
        let pairs = [
            ("DATABASE_URL".to_owned(), database_url),
            (
                "SERVICE_SECRET".to_owned(),
                own(&self.secrets.service_secrets)?,
            ),
            ("PORTAL_AUTH_URL".to_owned(), self.ports.url("portal-auth")),
            (
                "JWKS_URL".to_owned(),
                format!("http://{}/jwks.json", self.ports.admin("portal-auth")),
            ),
            ("BILLING_URL".to_owned(), self.ports.url("billing")),
            ("PAYMENTS_URL".to_owned(), self.ports.url("payments")),
            (
                "PORTAL_AUTH_MASTER_KEY".to_owned(),
                self.secrets.master_key.clone(),
            ),
            (
                "PORTAL_AUTH_SERVICE_SECRETS".to_owned(),
                secrets.collect::<Vec<_>>().join(","),
            ),
            // Nobody asks for a charge or a mail, so nobody has to be there.
            (
                "PAYMENTS_PROCESSOR_URL".to_owned(),
                format!("http://127.0.0.1:{}", self.ports.processor),
            ),
            (
                "PAYMENTS_PROCESSOR_KEY".to_owned(),
                self.secrets.sandbox_key.clone(),
            ),
            (
                "PAYMENTS_WEBHOOK_SECRETS".to_owned(),
                self.secrets.sandbox_webhook_secret.clone(),
            ),
            (
                "NOTIFICATIONS_SMTP_URL".to_owned(),
                format!("smtp://127.0.0.1:{}", self.ports.smtp),
            ),
            (
                format!("{upper}_LISTEN"),
                self.ports.grpc(service).to_string(),
            ),
            (
                format!("{upper}_ADMIN"),
                self.ports.admin(service).to_string(),
            ),
            (
                format!("{upper}_PAGE_SECRET"),
                self.secrets.page_secret.clone(),
            ),
        ];
        Ok(pairs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_how_each_stands() {
        let text = table(&[("billing", 30 * 1_024), ("payments", 70 * 1_024)], 10);
        assert!(
            text.contains("billing              30.0  as aimed at"),
            "{text}"
        );
        assert!(
            text.contains("payments             70.0  MORE than required"),
            "{text}"
        );
    }
}
