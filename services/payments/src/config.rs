use clap::Args;
use jiff::SignedDuration;
use pg::PgConfig;
use pg::verify::RoundsConfig;
use rpc::SuiteConfig;
use secrecy::SecretString;
use std::net::SocketAddr;
use std::time::Duration;

/// What an operator sets, by flag or environment.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where the schema is.
    #[command(flatten)]
    pub pg: PgConfig,
    /// Where portal-auth is, and payments' secret with it. Its practices are followed.
    #[command(flatten)]
    pub suite: SuiteConfig,
    /// Where gRPC is served.
    #[arg(long, env = "PAYMENTS_LISTEN", default_value = "127.0.0.1:7102")]
    pub listen: SocketAddr,
    /// Where /metrics, /livez and /readyz are served.
    #[arg(long, env = "PAYMENTS_ADMIN", default_value = "127.0.0.1:7202")]
    pub admin: SocketAddr,
    /// billing's gRPC address: holds, the books, and the feed of its bills.
    #[arg(long, env = "BILLING_URL", default_value = "http://127.0.0.1:7101")]
    pub billing_url: String,
    /// The processor's API, when it is not Stripe's own.
    #[arg(long, env = "PAYMENTS_PROCESSOR_URL")]
    pub processor_url: Option<String>,
    /// The processor's secret key, sk_….
    #[arg(long, env = "PAYMENTS_PROCESSOR_KEY", hide_env_values = true)]
    pub processor_key: SecretString,
    /// Secrets the processor signs webhooks with, whsec_…; two, by comma, while one is being replaced.
    #[arg(
        long,
        env = "PAYMENTS_WEBHOOK_SECRETS",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub webhook_secrets: Vec<SecretString>,
    /// Online payments need an account of the practice's own at the processor; without it, one that has connected none is
    /// paid on the account of the key.
    #[arg(long, env = "PAYMENTS_CONNECT_REQUIRED")]
    pub connect_required: bool,
    /// What a payment's id at the processor is put behind to open it in the dashboard; follows from the key when not
    /// given.
    #[arg(long, env = "PAYMENTS_DASHBOARD_URL")]
    pub dashboard_url: Option<String>,
    /// Any long text, the same in all replicas; seals the page tokens of lists.
    #[arg(long, env = "PAYMENTS_PAGE_SECRET", hide_env_values = true)]
    pub page_secret: SecretString,
    /// How often and how long.
    #[command(flatten)]
    pub timing: Timing,
    /// How often the invariants are checked.
    #[command(flatten)]
    pub verify: RoundsConfig,
    /// Between saying not ready and refusing connections when it stops, for balancers to notice; milliseconds.
    #[arg(long, env = "DRAIN_NOTICE_MS", default_value_t = 3_000)]
    pub drain_notice_ms: u64,
}

/// How often the reconciler and the inbox look, and how long things may take.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Timing {
    /// How long after a payment was asked for the reconciler looks after it: for the first time, the second, …; the
    /// last pause repeats. Milliseconds, by comma.
    #[arg(
        long,
        env = "PAYMENTS_RECONCILE_AFTER_MS",
        value_delimiter = ',',
        default_values_t = [60_000, 300_000, 3_600_000, 86_400_000]
    )]
    pub reconcile_after_ms: Vec<u64>,
    /// How often the reconciler and the inbox's worker look for what is due.
    #[arg(long, env = "PAYMENTS_POLL_MS", default_value_t = 1_000)]
    pub poll_ms: u64,
    /// How long one worker has a payment or webhook for itself; longer than all calls about it may take.
    #[arg(long, env = "PAYMENTS_LEASE_MS", default_value_t = 60_000)]
    pub lease_ms: u64,
    /// How long one call to the processor may take before its outcome counts as unknown.
    #[arg(long, env = "PAYMENTS_CALL_TIMEOUT_MS", default_value_t = 8_000)]
    pub call_timeout_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            reconcile_after_ms: vec![60_000, 300_000, 3_600_000, 86_400_000],
            poll_ms: 1_000,
            lease_ms: 60_000,
            call_timeout_ms: 8_000,
        }
    }
}

impl Timing {
    /// The pause before the reconciler looks for the time number `tries`, from 0.
    #[must_use]
    pub fn reconcile_after(&self, tries: i32) -> SignedDuration {
        let at = usize::try_from(tries).unwrap_or(0);
        let pause = self
            .reconcile_after_ms
            .get(at)
            .or(self.reconcile_after_ms.last());
        milliseconds(pause.copied().unwrap_or(60_000))
    }

    /// How long one worker has something for itself.
    #[must_use]
    pub fn lease(&self) -> SignedDuration {
        milliseconds(self.lease_ms)
    }

    /// Between two looks for what is due.
    #[must_use]
    pub fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms)
    }
}

fn milliseconds(count: u64) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(count).unwrap_or(i64::MAX))
}
