//! A private Postgres: made at the first start, run as somebody who is not root, stopped last.

use super::{Home, Options, Secrets};
use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User};
use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

const STOP_WITHIN: Duration = Duration::from_secs(20);

/// A private Postgres, stopped with the suite.
pub struct Postgres {
    child: Child,
    url: String,
}

/// Makes the cluster at the first start and runs it. Data survive power loss: fsync stays on.
///
/// # Errors
/// The programs are missing, we are root and there is nobody to run them, or the server does not come up.
pub async fn start(
    options: &Options,
    home: &Home,
    secrets: &Secrets,
    port: u16,
) -> Result<Postgres> {
    let programs = options.pg_bin.clone().context(
        "no Postgres: set EVENKEEL_PG_BIN to the folder of its programs (./dev does), or DATABASE_URL to a server",
    )?;
    let user = whom(options)?;
    let data = home.postgres();
    if !data.join("PG_VERSION").exists() {
        make_cluster(&programs, &data, user.as_ref(), &secrets.postgres_password).await?;
    }
    remove_stale_lock(&data)?;
    let log = File::create(home.log("postgres"))?;
    let mut command = as_user(Command::new(programs.join("postgres")), user.as_ref());
    let mut child = command
        .arg("-D")
        .arg(&data)
        .args(["-p", &port.to_string()])
        .args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
        ])
        .args([
            "-c",
            "max_connections=400",
            "-c",
            "shared_buffers=128MB",
            "-c",
            "log_min_messages=warning",
        ])
        // One round of SCRAM is enough for passwords of 256 random bits, and eighty connections open at a start.
        .args(["-c", "scram_iterations=1"])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        // A Ctrl-C in the terminal is for us; Postgres is stopped last, when nobody needs it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| programs.join("postgres").display().to_string())?;
    let url = format!(
        "postgres://postgres:{}@127.0.0.1:{port}/postgres",
        secrets.postgres_password
    );
    accepts(&mut child, &url, home).await?;
    Ok(Postgres { child, url })
}

impl Postgres {
    /// As its owner.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// SIGINT: no new work, roll back, write everything.
    ///
    /// # Errors
    /// It does not stop in time.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(id) = self.child.id() {
            kill(Pid::from_raw(i32::try_from(id)?), Signal::SIGINT)?;
        }
        tokio::time::timeout(STOP_WITHIN, self.child.wait())
            .await
            .context("Postgres does not stop")??;
        Ok(())
    }
}

/// Postgres refuses root; then the configured user runs it.
fn whom(options: &Options) -> Result<Option<User>> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    let name = options.pg_user.as_deref().unwrap_or("postgres");
    match User::from_name(name)? {
        Some(user) => Ok(Some(user)),
        None => bail!(
            "Postgres does not run as root, and there is no user {name}: choose one with --pg-user"
        ),
    }
}

fn as_user(mut command: Command, user: Option<&User>) -> Command {
    if let Some(user) = user {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

async fn make_cluster(
    programs: &Path,
    data: &Path,
    user: Option<&User>,
    password: &str,
) -> Result<()> {
    fs::create_dir_all(data)?;
    let parent = data.parent().context("the data folder has no parent")?;
    let password_file: PathBuf = parent.join("postgres.password");
    super::home::write_private(&password_file, password.as_bytes())?;
    if let Some(user) = user {
        for path in [data, password_file.as_path()] {
            chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        }
    }
    let done = as_user(Command::new(programs.join("initdb")), user)
        .arg("-D")
        .arg(data)
        .args([
            "-U",
            "postgres",
            "--auth=scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C",
        ])
        .args(["-c", "scram_iterations=1"])
        .arg(format!("--pwfile={}", password_file.display()))
        .current_dir("/")
        .output()
        .await
        .with_context(|| programs.join("initdb").display().to_string());
    fs::remove_file(&password_file)?;
    let done = done?;
    if !done.status.success() {
        fs::remove_dir_all(data)?;
        bail!(
            "initdb failed: {}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
    }
    Ok(())
}

/// A killed `up` leaves its Postgres' lock; Postgres itself decides whether its process still lives.
fn remove_stale_lock(data: &Path) -> Result<()> {
    let path = data.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&path) else {
        return Ok(());
    };
    let id: Option<i32> = text
        .lines()
        .next()
        .and_then(|line| line.trim().parse().ok());
    if id.is_some_and(|id| kill(Pid::from_raw(id), None).is_err()) {
        fs::remove_file(&path)?;
    }
    Ok(())
}

async fn accepts(child: &mut Child, url: &str, home: &Home) -> Result<()> {
    use sqlx::Connection as _;
    for _ in 0..300 {
        if let Some(status) = child.try_wait()? {
            bail!(
                "Postgres ended ({status}); see {}",
                home.log("postgres").display()
            );
        }
        if let Ok(connection) = sqlx::PgConnection::connect(url).await {
            connection.close().await?;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!(
        "Postgres does not accept connections; see {}",
        home.log("postgres").display()
    )
}
