use clap::Args;
use pg::PgConfig;
use secrecy::SecretString;
use std::net::SocketAddr;

/// What an operator sets, by flag or environment.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where the schema is.
    #[command(flatten)]
    pub pg: PgConfig,
    /// Where gRPC is served.
    #[arg(long, env = "PORTAL_AUTH_LISTEN", default_value = "127.0.0.1:7103")]
    pub listen: SocketAddr,
    /// Where /metrics, /livez, /readyz and /jwks.json are served.
    #[arg(long, env = "PORTAL_AUTH_ADMIN", default_value = "127.0.0.1:7203")]
    pub admin: SocketAddr,
    /// 64 hexadecimal digits; everything sealed depends on it. Keep it outside of the database and its backups.
    #[arg(long, env = "PORTAL_AUTH_MASTER_KEY", hide_env_values = true)]
    pub master_key: SecretString,
    /// Who knows it may register practices; without one registration is closed.
    #[arg(long, env = "PORTAL_AUTH_SETUP_TOKEN", hide_env_values = true)]
    pub setup_token: Option<SecretString>,
    /// Secrets of the suite's services, `billing=…,payments=…`.
    #[arg(long, env = "PORTAL_AUTH_SERVICE_SECRETS", hide_env_values = true)]
    pub service_secrets: SecretString,
    /// billing's gRPC address, whose feed says when a bill is paid or cancelled.
    #[arg(long, env = "BILLING_URL", default_value = "http://127.0.0.1:7101")]
    pub billing_url: String,
    /// Between saying that it goes and refusing connections, for balancers to notice.
    #[arg(long, env = "DRAIN_NOTICE_MS", default_value_t = 3000)]
    pub drain_notice_ms: u64,
}
