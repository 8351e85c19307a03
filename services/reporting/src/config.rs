use clap::Args;
use pg::PgConfig;
use rpc::SuiteConfig;
use secrecy::SecretString;
use std::net::SocketAddr;

/// What an operator sets, by flag or environment.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where the schema is.
    #[command(flatten)]
    pub pg: PgConfig,
    /// Where portal-auth is, and reporting's secret with it.
    #[command(flatten)]
    pub suite: SuiteConfig,
    /// Where gRPC is served.
    #[arg(long, env = "REPORTING_LISTEN", default_value = "127.0.0.1:7105")]
    pub listen: SocketAddr,
    /// Where /metrics, /livez and /readyz are served.
    #[arg(long, env = "REPORTING_ADMIN", default_value = "127.0.0.1:7205")]
    pub admin: SocketAddr,
    /// billing's gRPC address, whose feed the reports are made from.
    #[arg(long, env = "BILLING_URL", default_value = "http://127.0.0.1:7101")]
    pub billing_url: String,
    /// Any long text, the same in all replicas; seals the page tokens of lists.
    #[arg(long, env = "REPORTING_PAGE_SECRET", hide_env_values = true)]
    pub page_secret: SecretString,
    /// Milliseconds between saying NOT_SERVING and refusing connections, for balancers to notice; 0 without any.
    #[arg(long, env = "DRAIN_NOTICE_MS", default_value_t = 3_000)]
    pub drain_notice_ms: u64,
}
