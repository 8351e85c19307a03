use super::home::{Home, write_private};
use super::ports::SERVICES;
use anyhow::{Context as _, Result};
use clock::Clock;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;

/// The keys and passwords of one suite on one machine, drawn at its first start. Losing the file loses the access codes
/// and sign-ins sealed with it, so it belongs into the operator's backup, apart from the database's.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// portal-auth's master key, 64 hexadecimal digits.
    pub master_key: String,
    /// Whoever knows it may register practices.
    pub setup_token: String,
    /// Of Postgres' owner.
    pub postgres_password: String,
    /// Of each service's role in Postgres.
    pub database_passwords: BTreeMap<String, String>,
    /// Of each service with portal-auth.
    pub service_secrets: BTreeMap<String, String>,
    /// Seals page tokens.
    pub page_secret: String,
    /// The sandbox processor's key.
    pub sandbox_key: String,
    /// Signs the sandbox processor's webhooks.
    pub sandbox_webhook_secret: String,
}

impl Secrets {
    /// Reads the home's secrets, or draws them once.
    ///
    /// # Errors
    /// The file cannot be read, is not ours, or cannot be written.
    pub fn load_or_make(home: &Home, clock: &Clock) -> Result<Self> {
        let path = home.secrets();
        if path.exists() {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            return serde_json::from_str(&text)
                .with_context(|| format!("{} cannot be read", path.display()));
        }
        let secrets = Self::draw(clock);
        write_private(&path, serde_json::to_string_pretty(&secrets)?.as_bytes())?;
        Ok(secrets)
    }

    fn draw(clock: &Clock) -> Self {
        let per_service = || {
            SERVICES
                .iter()
                .map(|name| ((*name).to_owned(), random(clock)))
                .collect()
        };
        Self {
            master_key: random(clock),
            setup_token: random(clock),
            postgres_password: random(clock),
            database_passwords: per_service(),
            service_secrets: per_service(),
            page_secret: random(clock),
            sandbox_key: format!("sk_test_{}", random(clock)),
            sandbox_webhook_secret: format!("whsec_{}", random(clock)),
        }
    }
}

/// 256 bits as hexadecimal digits.
fn random(clock: &Clock) -> String {
    let mut bytes = [0; 32];
    clock.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
