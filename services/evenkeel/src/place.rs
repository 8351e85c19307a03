use crate::up::{Ports, Secrets};
use anyhow::{Context as _, Result};
use clap::Args;
use pg::{PgConfig, Pool};
use std::path::PathBuf;

/// Where the services' schemas are: how a command that looks after a suite reaches them, whether it runs or not.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The database, with a login that may act as the services' roles; without it, the private one of the suite that
    /// runs from the home.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    database_url: Option<String>,
    /// Folder of the suite.
    #[arg(
        long,
        env = "EVENKEEL_HOME",
        default_value = ".evenkeel",
        global = true
    )]
    home: PathBuf,
    /// The first of the twenty ports behind the gateway, as `up` was told.
    #[arg(
        long,
        env = "EVENKEEL_INNER_PORTS",
        default_value_t = 7100,
        global = true
    )]
    inner_ports: u16,
}

impl Place {
    /// Connections as the role of a schema.
    ///
    /// # Errors
    /// No such database, or no secrets of a private one.
    pub async fn connect(&self, schema: &str) -> Result<Pool> {
        let url = match &self.database_url {
            Some(url) => url.clone(),
            None => self.private()?,
        };
        pg::connect(&PgConfig::new(url).with_connections(1), schema)
            .await
            .context("the database; the private one runs while `evenkeel up` does")
    }

    fn private(&self) -> Result<String> {
        let path = self.home.join("secrets.json");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let secrets: Secrets = serde_json::from_str(&text).context("secrets.json")?;
        let port = Ports::new(0, self.inner_ports)?.postgres;
        let password = secrets.postgres_password;
        Ok(format!(
            "postgres://postgres:{password}@127.0.0.1:{port}/postgres"
        ))
    }
}
