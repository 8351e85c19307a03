//! What the machine can do: pgbench with the statements of the two transactions of a recorded payment, on the same
//! server, in a database of its own with the same migrations.

use crate::seed::{BILLS, CLIENTS};
use anyhow::{Context as _, Result, anyhow, bail};
use clock::Clock;
use reqwest::Url;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::process::Command;

const DATABASE: &str = "evenkeel_baseline";
const ROLE: &str = "evenkeel_baseline";
const SEED: &str = include_str!("../pg/seed.sql");
const SCRIPTS: [(&str, &str); 3] = [
    (
        "record_payment_payments.sql",
        include_str!("../pg/record_payment_payments.sql"),
    ),
    (
        "record_payment_billing.sql",
        include_str!("../pg/record_payment_billing.sql"),
    ),
    (
        "receive_webhook.sql",
        include_str!("../pg/receive_webhook.sql"),
    ),
];
const MISSING: &str = "pgbench is missing: apt-get install postgresql (Debian and Ubuntu ship it with the server), or \
                       name the program with --pgbench";
/// Threads of pgbench: they only send, the server works.
const THREADS: u32 = 2;

/// What pgbench does.
#[derive(Debug, Clone, Copy)]
pub enum Work {
    /// Both transactions of a recorded payment.
    RecordPayment,
    /// A webhook that is kept.
    ReceiveWebhook,
}

impl Work {
    /// The scripts that are one of it together.
    const fn scripts(self) -> &'static [&'static str] {
        match self {
            Self::RecordPayment => &["record_payment_payments.sql", "record_payment_billing.sql"],
            Self::ReceiveWebhook => &["receive_webhook.sql"],
        }
    }
}

/// A database for pgbench.
pub struct Baseline {
    pgbench: PathBuf,
    owner: Url,
    password: String,
    practices: u32,
    scripts: tempfile::TempDir,
    runs: u32,
}

/// How the server is set.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Server {
    /// `18.4`.
    pub version: String,
    /// On: a commit is on the disk.
    pub fsync: String,
    /// On: a commit is acknowledged when it is on the disk.
    pub synchronous_commit: String,
}

/// Looks whether the program can be run.
///
/// # Errors
/// It cannot; says what to install.
pub async fn find(pgbench: &Path) -> Result<()> {
    let found = Command::new(pgbench)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .await;
    match found {
        Ok(output) if output.status.success() => Ok(()),
        Ok(_) | Err(_) => bail!(MISSING),
    }
}

/// How the server is set.
///
/// # Errors
/// It cannot be asked.
pub async fn server(database_url: &str) -> Result<Server> {
    let mut connection = PgConnection::connect(database_url).await?;
    let asked = "select current_setting('server_version'), current_setting('fsync'), \
                 current_setting('synchronous_commit')";
    let (version, fsync, synchronous_commit) =
        sqlx::query_as(asked).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(Server {
        version,
        fsync,
        synchronous_commit,
    })
}

impl Baseline {
    /// Makes the database anew: migrations, rows, and a login with the services' rights.
    ///
    /// # Errors
    /// The login may not create databases and roles.
    pub async fn prepare(
        pgbench: &Path,
        database_url: &str,
        practices: u32,
        clock: &Clock,
    ) -> Result<Self> {
        let owner = Url::parse(database_url).context("the database's URL")?;
        let mut bytes = [0; 24];
        clock.fill(&mut bytes);
        let password = bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        let role = format!(
            "do $make$ begin
                if not exists (select 1 from pg_catalog.pg_roles where rolname = '{ROLE}') then
                    create role {ROLE};
                end if;
            end $make$;
            alter role {ROLE} login password '{password}';"
        );
        let mut connection = PgConnection::connect(database_url).await?;
        for statement in [
            format!("drop database if exists {DATABASE} with (force)"),
            format!("create database {DATABASE}"),
            role,
        ] {
            sqlx::raw_sql(AssertSqlSafe(statement))
                .execute(&mut connection)
                .await
                .context("the baseline's database")?;
        }
        connection.close().await?;

        let mut own = owner.clone();
        own.set_path(DATABASE);
        pg::migrate(own.as_str(), billing::SCHEMA, &billing::MIGRATOR, None).await?;
        pg::migrate(own.as_str(), payments::SCHEMA, &payments::MIGRATOR, None).await?;
        let mut connection = PgConnection::connect(own.as_str()).await?;
        let seed = format!(
            "set baseline.practices = '{practices}';
            set baseline.clients = '{CLIENTS}';
            set baseline.bills = '{BILLS}';
            {SEED}"
        );
        sqlx::raw_sql(AssertSqlSafe(seed))
            .execute(&mut connection)
            .await
            .context("the baseline's rows")?;
        connection.close().await?;

        let scripts = tempfile::tempdir()?;
        for (name, text) in SCRIPTS {
            std::fs::write(scripts.path().join(name), text)?;
        }
        let pgbench = pgbench.to_owned();
        Ok(Self {
            pgbench,
            owner,
            password,
            practices,
            scripts,
            runs: 0,
        })
    }

    /// How often the work was done a second, with so many clients.
    ///
    /// # Errors
    /// pgbench fails, or a transaction does: the baseline must be clean to be one.
    pub async fn run(&mut self, work: Work, clients: u32, length: Duration) -> Result<f64> {
        self.runs += 1;
        let mut command = Command::new(&self.pgbench);
        command
            .args([
                "--no-vacuum",
                "--protocol=prepared",
                "--host",
                self.owner.host_str().unwrap_or("127.0.0.1"),
            ])
            .args([
                "--port",
                &self.owner.port().unwrap_or(5432).to_string(),
                "--username",
                ROLE,
            ])
            .args([
                "--client",
                &clients.to_string(),
                "--jobs",
                &THREADS.min(clients).to_string(),
            ])
            .args(["--time", &length.as_secs().max(1).to_string()]);
        let numbers = [("n", 0), ("run", self.runs), ("practices", self.practices)];
        for (name, value) in numbers {
            command.args(["--define", &format!("{name}={value}")]);
        }
        command.args([
            "--define",
            &format!("clients={CLIENTS}"),
            "--define",
            &format!("bills={BILLS}"),
        ]);
        for name in work.scripts() {
            command.arg("--file").arg(self.scripts.path().join(name));
        }
        let done = command
            .arg(DATABASE)
            .env("PGPASSWORD", &self.password)
            // 256 clients of one practice wait for one row; nobody's patience ends the measurement.
            .env(
                "PGOPTIONS",
                "-c search_path= -c statement_timeout=60000 -c lock_timeout=30000",
            )
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .context(MISSING)?;
        Ok(transactions_per_second(&done)? / work.scripts().len() as f64)
    }

    /// Takes the database and the login away.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub async fn remove(self) -> Result<()> {
        let mut connection = PgConnection::connect(self.owner.as_str()).await?;
        for statement in [
            format!("drop database {DATABASE} with (force)"),
            format!("drop role {ROLE}"),
        ] {
            sqlx::raw_sql(AssertSqlSafe(statement))
                .execute(&mut connection)
                .await?;
        }
        connection.close().await?;
        Ok(())
    }
}

fn transactions_per_second(done: &Output) -> Result<f64> {
    let (said, complained) = (
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    if !done.status.success() {
        bail!("pgbench failed ({}): {complained}", done.status);
    }
    if let Some(failed) = figure(&said, "number of failed transactions: ")
        && failed > 0.0
    {
        bail!("{failed} transactions of pgbench failed: {complained}");
    }
    figure(&said, "tps = ").ok_or_else(|| anyhow!("pgbench says no rate: {said}{complained}"))
}

/// The number after `name` at the begin of a line.
fn figure(said: &str, name: &str) -> Option<f64> {
    let rest = said.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    const SAID: &str = "\
pgbench (15.18, server 18.4)
transaction type: multiple scripts
number of transactions actually processed: 3587
number of failed transactions: 0 (0.000%)
latency average = 3.328 ms
tps = 1201.808710 (without initial connection time)
SQL script 1: record_payment_payments.sql
 - weight: 1 (targets 50.0% of total)
 - 1801 transactions (50.2% of total, tps = 603.4)
";

    fn output(code: i32, said: &str) -> Output {
        Output {
            status: ExitStatus::from_raw(code << 8),
            stdout: said.into(),
            stderr: Vec::new(),
        }
    }

    #[test]
    fn the_rate_of_all_scripts_is_read() {
        let rate = transactions_per_second(&output(0, SAID)).expect("a rate");
        assert!((rate - 1_201.808_71).abs() < 1e-9);
    }

    #[test]
    fn a_baseline_with_failures_is_none() {
        assert!(transactions_per_second(&output(1, SAID)).is_err());
        assert!(transactions_per_second(&output(0, "")).is_err());
        let failed = SAID.replace("failed transactions: 0", "failed transactions: 7");
        assert!(transactions_per_second(&output(0, &failed)).is_err());
    }
}
