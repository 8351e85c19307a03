use clap::Args;
use pg::PgConfig;
use pg::verify::RoundsConfig;
use rpc::SuiteConfig;
use secrecy::SecretString;
use std::net::SocketAddr;

/// What an operator sets, by flag or environment.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where the schema is.
    #[command(flatten)]
    pub pg: PgConfig,
    /// Where portal-auth is, and billing's secret with it. Its practices are followed, its Access Codes printed.
    #[command(flatten)]
    pub suite: SuiteConfig,
    /// Where gRPC is served.
    #[arg(long, env = "BILLING_LISTEN", default_value = "127.0.0.1:7101")]
    pub listen: SocketAddr,
    /// Where /metrics, /livez and /readyz are served.
    #[arg(long, env = "BILLING_ADMIN", default_value = "127.0.0.1:7201")]
    pub admin: SocketAddr,
    /// payments' gRPC address, whose payments and refunds are booked.
    #[arg(long, env = "PAYMENTS_URL", default_value = "http://127.0.0.1:7102")]
    pub payments_url: String,
    /// Where guests pay, as they reach it; printed on bills that were shared.
    #[arg(long, env = "PAY_PAGE_URL", default_value = "http://127.0.0.1:8080")]
    pub pay_page_url: String,
    /// Any long text, the same in all replicas; seals the page tokens of lists.
    #[arg(long, env = "BILLING_PAGE_SECRET", hide_env_values = true)]
    pub page_secret: SecretString,
    /// How often the books are checked.
    #[command(flatten)]
    pub verify: RoundsConfig,
    /// How long the server says that it stops before it does, for balancers to notice.
    #[arg(long, env = "DRAIN_NOTICE_MS", default_value_t = 3_000)]
    pub drain_notice_ms: u64,
}
