//! A database per test: copied from a template that was migrated once per version of the migrations, dropped at the
//! test's end. What a killed run leaves is swept by a later one.

use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use clock::Clock;
use pg::{PgConfig, Pool};
use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

/// Held while a template is made or databases are swept.
const TEMPLATE_LOCK: i64 = 0x7465_7374_6b69_7400;
const STALE_SECONDS: u64 = 30 * 60;

static NEXT: AtomicU32 = AtomicU32::new(0);
static SWEPT: OnceLock<()> = OnceLock::new();

/// The server that tests may fill with databases: `TEST_DATABASE_URL`, else `DATABASE_URL`.
///
/// # Panics
/// When neither is set.
#[expect(clippy::disallowed_methods, reason = "tests have no config.rs")]
pub fn database_url() -> String {
    ["TEST_DATABASE_URL", "DATABASE_URL"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok())
        .expect("no database for tests: `./dev test` sets TEST_DATABASE_URL, or set it to a server where databases may be created")
}

/// A fresh database with the schema at the version of `migrator`.
///
/// # Panics
/// When there is no server or a migration fails.
pub async fn database(schema: &'static str, migrator: &Migrator) -> TestDatabase {
    let server = database_url();
    let mut admin = connect(&server).await;
    sweep(&mut admin).await;
    let template = template(&mut admin, &server, schema, migrator).await;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!(
        "evenkeel_test_{}_{}_{number}",
        seconds(),
        std::process::id()
    );
    run(
        &mut admin,
        &format!("create database {name} template {template}"),
    )
    .await;
    admin.close().await.expect("the connection closes");

    let url = url_of(&server, &name);
    // Room for a story's workers, few enough for many stories at once.
    let config = PgConfig::new(&url).with_connections(12);
    let pool = pg::connect(&config, schema)
        .await
        .expect("the test database takes connections");
    let owner_pool = PgPoolOptions::new()
        .max_connections(3)
        .connect_lazy(&url)
        .expect("the test database has a URL");
    TestDatabase {
        server,
        url,
        name,
        pool,
        owner_pool,
    }
}

/// A test's own database; dropped with it.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    url: String,
    name: String,
    pool: Pool,
    owner_pool: Pool,
}

impl TestDatabase {
    /// Connections as the service has them: its role, row-level security, time limits.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Connections that see and may do everything, for audits and for damage done on purpose.
    pub fn owner_pool(&self) -> &Pool {
        &self.owner_pool
    }

    /// With the owner's login, for a process or pool of the test's own.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    /// On a thread of its own, because a test's runtime cannot be blocked on from within.
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let mut admin = PgConnectOptions::from_str(&server)?.connect().await?;
                let statement = format!("drop database if exists {name} with (force)");
                sqlx::raw_sql(AssertSqlSafe(statement))
                    .execute(&mut admin)
                    .await?;
                admin.close().await
            })
        });
        match dropping.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("{} stays until a later run sweeps it: {error}", self.name),
            Err(_) => eprintln!("{} stays until a later run sweeps it", self.name),
        }
    }
}

/// The template's name; makes it when it is missing. `is_template` is set last and means complete.
async fn template(
    admin: &mut PgConnection,
    server: &str,
    schema: &str,
    migrator: &Migrator,
) -> String {
    let mut hash = Sha256::new();
    for migration in migrator.iter() {
        hash.update(migration.version.to_be_bytes());
        hash.update(&migration.checksum);
    }
    let hash: String = hash
        .finalize()
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let name = format!("evenkeel_template_{schema}_{hash}");
    if is_complete(admin, &name).await {
        return name;
    }
    run(admin, &format!("select pg_advisory_lock({TEMPLATE_LOCK})")).await;
    if !is_complete(admin, &name).await {
        run(
            admin,
            &format!("drop database if exists {name} with (force)"),
        )
        .await;
        run(admin, &format!("create database {name} template template0")).await;
        pg::migrate(&url_of(server, &name), schema, migrator, None)
            .await
            .expect("the migrations apply");
        run(
            admin,
            &format!("comment on database {name} is '{}'", seconds()),
        )
        .await;
        run(
            admin,
            &format!("alter database {name} with allow_connections false is_template true"),
        )
        .await;
    }
    run(
        admin,
        &format!("select pg_advisory_unlock({TEMPLATE_LOCK})"),
    )
    .await;
    name
}

async fn is_complete(admin: &mut PgConnection, name: &str) -> bool {
    sqlx::query_scalar(
        "select exists (select 1 from pg_catalog.pg_database where datname = $1 and datistemplate)",
    )
    .bind(name)
    .fetch_one(admin)
    .await
    .expect("the server answers")
}

/// Drops, once per process, what killed runs left: test databases older than half an hour, templates older than a week.
async fn sweep(admin: &mut PgConnection) {
    if SWEPT.set(()).is_err() {
        return;
    }
    let databases: Vec<(String, bool, Option<String>)> = sqlx::query_as(
        "select datname::text, datistemplate, pg_catalog.shobj_description(oid, 'pg_database')
        from pg_catalog.pg_database
        where datname like 'evenkeel\\_test\\_%' or datname like 'evenkeel\\_template\\_%'",
    )
    .fetch_all(&mut *admin)
    .await
    .expect("the server answers");
    for (name, is_template, made) in databases {
        let made = made.or_else(|| name.split('_').nth(2).map(str::to_owned));
        let Some(made) = made.and_then(|made| made.parse::<u64>().ok()) else {
            continue;
        };
        let age = seconds().saturating_sub(made);
        let stale = if is_template {
            age > 7 * 24 * 60 * 60
        } else {
            age > STALE_SECONDS
        };
        if !stale {
            continue;
        }
        if is_template {
            drop_quietly(admin, &format!("alter database {name} is_template false")).await;
        }
        drop_quietly(
            admin,
            &format!("drop database if exists {name} with (force)"),
        )
        .await;
    }
}

/// Another process may be sweeping too.
async fn drop_quietly(admin: &mut PgConnection, statement: &str) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(admin)
        .await
    {
        eprintln!("not swept: {error}");
    }
}

async fn connect(url: &str) -> PgConnection {
    let options =
        PgConnectOptions::from_str(url).expect("the test database's URL is a Postgres URL");
    options
        .connect()
        .await
        .expect("the test database server is up")
}

async fn run(admin: &mut PgConnection, statement: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(admin)
        .await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

fn url_of(server: &str, database: &str) -> String {
    let options =
        PgConnectOptions::from_str(server).expect("the test database's URL is a Postgres URL");
    options.database(database).to_url_lossy().to_string()
}

fn seconds() -> u64 {
    u64::try_from(Clock::system().now().as_second()).unwrap_or(0)
}
