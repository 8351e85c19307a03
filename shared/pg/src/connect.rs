use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::plumbing::{app_role, is_plain_name};

/// The connections of one service.
pub type Pool = sqlx::PgPool;

/// Where the database is and how hard it may be used. As `clap` arguments it reads `DATABASE_URL` and its siblings;
/// a process that runs several services has an argument for each one's URL and takes [`PgConfig::new`].
#[derive(Clone, clap::Args)]
pub struct PgConfig {
    /// Where the database is, with the login that may act as the service's role: postgres://user:password@host/database
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// How many connections the requests and loops of one process may hold; its feed has four more of its own.
    #[arg(long, env = "DATABASE_CONNECTIONS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub database_connections: u32,
    /// How long one statement may run, in milliseconds.
    #[arg(long, env = "DATABASE_STATEMENT_TIMEOUT_MS", default_value_t = 10_000)]
    pub database_statement_timeout_ms: u32,
    /// How long a statement may wait for a lock, in milliseconds.
    #[arg(long, env = "DATABASE_LOCK_TIMEOUT_MS", default_value_t = 3_000)]
    pub database_lock_timeout_ms: u32,
    /// How long to wait for a free connection, in milliseconds.
    #[arg(long, env = "DATABASE_ACQUIRE_TIMEOUT_MS", default_value_t = 3_000)]
    pub database_acquire_timeout_ms: u32,
}

impl PgConfig {
    /// The defaults for a database.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            database_connections: 10,
            database_statement_timeout_ms: 10_000,
            database_lock_timeout_ms: 3_000,
            database_acquire_timeout_ms: 3_000,
        }
    }

    /// The same with another number of connections.
    #[must_use]
    pub fn with_connections(self, database_connections: u32) -> Self {
        Self {
            database_connections,
            ..self
        }
    }
}

impl fmt::Debug for PgConfig {
    /// Leaves the URL out: it holds a password.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PgConfig")
            .field("database_connections", &self.database_connections)
            .field(
                "database_statement_timeout_ms",
                &self.database_statement_timeout_ms,
            )
            .field("database_lock_timeout_ms", &self.database_lock_timeout_ms)
            .field(
                "database_acquire_timeout_ms",
                &self.database_acquire_timeout_ms,
            )
            .finish_non_exhaustive()
    }
}

/// Connects as the role `evenkeel_{schema}`, whoever logs in, with an empty search path and a limit on everything that
/// can wait. Fails when the first connection does.
///
/// A connection is not asked before it is lent whether it is well: [`begin`](crate::begin) and its siblings find out in
/// the same round trip. So what is written is written in one of their transactions; outside of them the pool is for
/// reading.
pub async fn connect(config: &PgConfig, schema: &str) -> Result<Pool, sqlx::Error> {
    PgPoolOptions::new()
        .max_connections(config.database_connections)
        .acquire_timeout(Duration::from_millis(
            config.database_acquire_timeout_ms.into(),
        ))
        .max_lifetime(Duration::from_secs(30 * 60))
        .idle_timeout(Duration::from_secs(5 * 60))
        .test_before_acquire(false)
        .connect_with(options(config, schema)?)
        .await
}

/// A pool of its own beside another, to the same database under the same limits; it connects when it is used. For what
/// must not wait behind requests, nor they behind it.
pub(crate) fn beside(pool: &Pool, connections: u32) -> Pool {
    let options = pool.options().clone().min_connections(0);
    options
        .max_connections(connections)
        .connect_lazy_with((*pool.connect_options()).clone())
}

fn options(config: &PgConfig, schema: &str) -> Result<PgConnectOptions, sqlx::Error> {
    if !is_plain_name(schema) {
        return Err(sqlx::Error::Configuration(
            "a schema's name is 1 to 32 of a-z and _".into(),
        ));
    }
    let options = PgConnectOptions::from_str(&config.database_url)?
        .application_name(&format!("evenkeel-{schema}"))
        .statement_cache_capacity(256)
        .options([
            ("role", app_role(schema)),
            ("search_path", String::new()),
            ("timezone", "UTC".to_owned()),
            (
                "statement_timeout",
                config.database_statement_timeout_ms.to_string(),
            ),
            ("lock_timeout", config.database_lock_timeout_ms.to_string()),
            ("idle_in_transaction_session_timeout", "15000".to_owned()),
            // Every key leads with the practice, so an index always serves. A plan that is made while a table is empty
            // would read it from end to end, and is kept as long as the connection: also those behind foreign keys.
            ("enable_seqscan", "off".to_owned()),
        ]);
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_not_printed() {
        let config = PgConfig::new("postgres://billing:canary@localhost/evenkeel");
        assert!(!format!("{config:?}").contains("canary"));
    }

    #[test]
    fn a_schema_that_is_no_plain_word_does_not_connect() {
        let config = PgConfig::new("postgres://localhost/evenkeel");
        assert!(matches!(
            options(&config, "x -c role=postgres"),
            Err(sqlx::Error::Configuration(_))
        ));
    }
}
